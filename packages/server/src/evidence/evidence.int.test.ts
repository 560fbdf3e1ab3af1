import { randomFillSync } from "node:crypto";
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { sql } from "kysely";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import {
  canonicalBytes,
  DenseTree,
  leafHash,
  noteVerifier,
  openCheckpoint,
  parseVerifierKey,
  tileBytes,
  tilesOf,
} from "@mandate/ledger";
import type { JournalReader, JournalRecord } from "@mandate/gateway";
import type { Actor } from "../command.ts";
import { openDatabase } from "../database/index.ts";
import type { Database } from "../database/index.ts";
import { getDecision, listDecisions, openEvidence } from "./index.ts";
import type { Evidence } from "./index.ts";

const org = "org_evidence";
const random = (bytes: Uint8Array) => randomFillSync(bytes);
const actor: Actor = { kind: "system", id: "test", email: null, roles: [], proof: "internal" };
const dataDir = mkdtempSync(join(tmpdir(), "mandate-evidence-"));
const masterKey = random(new Uint8Array(32));
let db: Database;
let evidence: Evidence;

const open = () =>
  openEvidence({ db, org, host: "localhost", organization: "halden", now: Date.now, random, masterKey });

beforeAll(async () => {
  db = await openDatabase({ dataDir });
  await db.ensureOrganization({ id: org, name: "halden", now: new Date() });
  evidence = await open();
});
afterAll(async () => {
  await db?.close();
  rmSync(dataDir, { recursive: true, force: true });
});

/** A journal held in memory: what a gateway hands the sequencer. */
function memoryJournal(origin: string, from: number) {
  const records: JournalRecord[] = [];
  let acknowledged = 0;
  const journal: JournalReader = {
    origin,
    writerKey: "",
    read: async (fromSeq, maxBytes) => {
      const found: JournalRecord[] = [];
      let bytes = 0;
      for (const record of records.filter(({ seq }) => seq >= fromSeq)) {
        bytes += record.leaf.length;
        if (found.length > 0 && bytes > maxBytes) break;
        found.push(record);
      }
      return found;
    },
    size: () => from + records.length,
    acknowledge: async (seq) => void (acknowledged = seq),
    onDurable: () => () => {},
  };
  const write = (
    type: "call.intent" | "call.outcome" | "decision",
    decision: string,
    members: Record<string, unknown> = {},
  ) => {
    const seq = from + records.length;
    const leaf = canonicalBytes({
      v: 1,
      type,
      id: `ent_${seq}`,
      at: new Date().toISOString(),
      shard: origin,
      seq,
      seen: 0,
      decision,
      outcome: "allow",
      system: "notes",
      register: 3,
      policy: "p1",
      ...members,
    });
    const sealed = Buffer.from(`payload ${seq}`);
    records.push({
      seq,
      leaf,
      sealed: [{ ct: seq.toString(16).padStart(64, "0"), bytes: sealed, wrapped: Buffer.alloc(92), kid: "kek_1" }],
      summary: {
        action: "model.call",
        resource: "model:gpt-test",
        reason: "Within its terms.",
        surface: "openai-chat",
      },
    });
  };
  return { journal, write, records, acknowledged: () => acknowledged };
}

/** The stored log hashes to its stored head, tile by tile. */
async function expectWhole(origin: string, size: number) {
  const log = (await evidence.logs()).find((row) => row.origin === origin)!;
  expect(log.size).toBe(size);
  await db.read(org, async (tx) => {
    const { rows } = await sql<{
      index: string;
      leaf: Buffer;
    }>`SELECT index, leaf FROM evidence_entry WHERE origin = ${origin} ORDER BY index`.execute(tx);
    expect(rows.map((row) => Number(row.index))).toEqual(Array.from({ length: size }, (_, index) => index));
    const tree = new DenseTree(Buffer.concat(rows.map((row) => leafHash(row.leaf))));
    const head = openCheckpoint(log.head, [noteVerifier(parseVerifierKey(log.vkey))]);
    expect(head.size).toBe(size);
    expect(Buffer.from(tree.root()).equals(head.root)).toBe(true);
    for (const tile of tilesOf(size)) {
      const stored = await sql<{
        hashes: Buffer;
      }>`SELECT hashes FROM evidence_tile WHERE origin = ${origin} AND level = ${tile.level} AND index = ${tile.index}`.execute(
        tx,
      );
      expect(stored.rows[0]!.hashes.equals(tileBytes(tile, tree.read))).toBe(true);
    }
  });
}

describe("the control log", () => {
  test("an entry commits with the transaction it proves, or not at all", async () => {
    const before = (await evidence.logs()).find((log) => log.origin === evidence.controlOrigin)!.size;
    const append = (fail: boolean) =>
      db.transaction(org, async (tx) => {
        await evidence.appendInTransaction(tx, { type: "setting", payload: { name: "x" }, actor, register: 1 });
        if (fail) throw new Error("the mutation failed");
      });
    await append(false);
    await expect(append(true)).rejects.toThrow("the mutation failed");
    await expectWhole(evidence.controlOrigin, before + 1);
  });

  test("a transaction that proves a thousand changes leaves them in their order, across batches and tiles, or none of them", async () => {
    const before = (await evidence.logs()).find((log) => log.origin === evidence.controlOrigin)!.size;
    const entries = Array.from({ length: 1_100 }, (_, at) => ({ type: "setting" as const, payload: { at }, system: at % 3 === 0 ? undefined : `system-${at % 7}`, actor, register: at }));
    const append = (fail: boolean) =>
      db.transaction(org, async (tx) => {
        await evidence.appendAllInTransaction(tx, entries);
        if (fail) throw new Error("the mutation failed");
      });
    await expect(append(true)).rejects.toThrow("the mutation failed");
    await append(false);
    await expectWhole(evidence.controlOrigin, before + 1_100);
    const { rows } = await db.read(org, (tx) => sql<{ index: string; leaf: Buffer }>`SELECT index, leaf FROM evidence_entry WHERE org = ${org} AND origin = ${evidence.controlOrigin} AND index >= ${before} ORDER BY index`.execute(tx));
    const headers = rows.map(({ leaf }) => JSON.parse(leaf.toString("utf8")) as { seq: number; register: number; system?: string });
    expect(headers.map(({ seq, register, system }) => [seq, register, system])).toEqual(entries.map(({ register, system }, at) => [before + at, register, system]));
    await db.read(org, (tx) => evidence.appendAllInTransaction(tx, []));
  });

  test("forty appenders at once leave one history without a gap", async () => {
    const before = (await evidence.logs()).find((log) => log.origin === evidence.controlOrigin)!.size;
    await Promise.all(
      Array.from({ length: 40 }, (_, at) =>
        db.transaction(org, (tx) =>
          evidence.appendInTransaction(tx, {
            type: "setting",
            payload: { at },
            system: at % 2 ? "notes" : undefined,
            actor,
            register: at,
          }),
        ),
      ),
    );
    await expectWhole(evidence.controlOrigin, before + 40);
  });

  test("another master key does not open the log", async () => {
    await expect(
      openEvidence({
        db,
        org,
        host: "localhost",
        organization: "halden",
        now: Date.now,
        random,
        masterKey: random(new Uint8Array(32)),
      }),
    ).rejects.toThrow();
  });
});

describe("a gateway's log", () => {
  test("takes a journal across tile borders, and again without doubling, and indexes its decisions", async () => {
    const { origin, size } = await evidence.ensureLog("gw-one");
    const memory = memoryJournal(origin, size);
    for (let call = 0; call < 300; call++) {
      memory.write("call.intent", `dec_${call}`);
      if (call !== 7) memory.write("call.outcome", `dec_${call}`, { terminal: "done" });
    }
    expect(await evidence.sequence(memory.journal)).toBe(599);
    expect(memory.acknowledged()).toBe(599);
    expect(await evidence.sequence(memory.journal)).toBe(0);
    expect(await (await open()).ensureLog("gw-one")).toEqual({ origin, size: 599 });
    await expectWhole(origin, 599);
    expect(await evidence.read((tx) => getDecision(tx, org, "dec_3"))).toMatchObject({
      terminal: "done",
      intent: { log: origin, index: 6 },
      result: { log: origin, index: 7 },
    });
    expect(await evidence.read((tx) => getDecision(tx, org, "dec_7"))).toMatchObject({ terminal: null, result: null });
    const page = await evidence.read((tx) => listDecisions(tx, org, { limit: 200 }));
    expect(page.items.length).toBe(200);
    const rest = await evidence.read((tx) => listDecisions(tx, org, { limit: 200, cursor: page.nextCursor! }));
    expect([rest.items.length, rest.nextCursor]).toEqual([100, null]);
  });

  test("two processes that sequence the same journal can't fork or double it", async () => {
    const { origin } = await evidence.ensureLog("gw-two");
    const other = await open();
    await other.ensureLog("gw-two");
    const memory = memoryJournal(origin, 0);
    for (let at = 0; at < 50; at++) memory.write("decision", `dec_two_${at}`, { terminal: "refused", outcome: "deny" });
    const taken = await Promise.allSettled([evidence.sequence(memory.journal), other.sequence(memory.journal)]);
    expect(taken.some((result) => result.status === "fulfilled")).toBe(true);
    for (let at = 50; at < 60; at++)
      memory.write("decision", `dec_two_${at}`, { terminal: "refused", outcome: "deny" });
    await other.sequence(memory.journal).catch(() => other.sequence(memory.journal));
    await evidence.sequence(memory.journal).catch(() => evidence.sequence(memory.journal));
    await expectWhole(origin, 60);
  });

  test("a journal that skips a record is refused whole", async () => {
    const { origin } = await evidence.ensureLog("gw-three");
    const memory = memoryJournal(origin, 0);
    for (let at = 0; at < 3; at++) memory.write("decision", `dec_three_${at}`);
    memory.records.splice(1, 1);
    await expect(evidence.sequence(memory.journal)).rejects.toThrow(/skips/);
    await expectWhole(origin, 0);
  });
});

test("the meta-log takes the newest checkpoint of each log that grew, once", async () => {
  await evidence.publishCheckpoints();
  const metaSize = (await evidence.logs()).find((log) => log.origin === evidence.metaOrigin)!.size;
  await evidence.publishCheckpoints();
  await expectWhole(evidence.metaOrigin, metaSize);
  const last = await db.read(org, (tx) =>
    sql<{ leaf: Buffer }>`SELECT leaf FROM evidence_entry WHERE origin = ${evidence.metaOrigin} ORDER BY index`.execute(
      tx,
    ),
  );
  const covered = new Map(
    last.rows
      .map(({ leaf }) => JSON.parse(leaf.toString()) as { type: string; log: string; size: number })
      .filter((entry) => entry.type === "log.checkpoint")
      .map((entry) => [entry.log, entry.size]),
  );
  for (const log of await evidence.logs())
    if (log.origin !== evidence.metaOrigin && log.size > 0) expect(covered.get(log.origin)).toBe(log.size);
});
