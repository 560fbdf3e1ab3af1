import { randomFillSync } from "node:crypto";
import { mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { Client } from "pg";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import {
  openTlogProof,
  leafHash,
  noteVerifier,
  parseConsistencyBody,
  parseVerifierKey,
  splitCheckpoints,
  verifyConsistency,
  verifyPack,
  openCheckpoint,
  fromBase64,
  Frontier,
  signCheckpoint,
} from "@mandate/ledger";
import type { Actor } from "../command.ts";
import { openDatabase, rowSecurityFaults } from "../database/index.ts";
import type { Database } from "../database/index.ts";
import {
  consistencyBody,
  createPack,
  heads,
  inclusionFile,
  keptCheckpoints,
  logSummaries,
  openEvidence,
  readLeaf,
  readPayload,
  rehash,
} from "./index.ts";
import type { Evidence } from "./index.ts";
import { assertWhole } from "./assert-whole.ts";
import { hashAgain } from "./hash-again.ts";
import { wholeMark } from "./whole-mark.ts";
import { memoryJournal } from "./memory-journal.ts";

const org = "org_integrity";
const random = <T extends Uint8Array>(bytes: T): T => randomFillSync(bytes);
const masterKey = random(new Uint8Array(32));
const keys = { masterKey, random };
const actor: Actor = { kind: "person", id: "per_1", email: "ada@example.org", roles: ["auditor"], proof: "session" };
const dataDir = mkdtempSync(join(tmpdir(), "mandate-integrity-"));
const checkpoints = join(dataDir, "checkpoints");
const system = "notes";
let db: Database;
let evidence: Evidence;
let origin: string;
let journal: ReturnType<typeof memoryJournal>;

/** As an intruder with the database's own password. */
async function intrude<T>(work: (client: Client) => Promise<T>): Promise<T> {
  const client = new Client({ connectionString: readFileSync(join(dataDir, "database-url"), "utf8").trim() });
  await client.connect();
  try {
    return await work(client);
  } finally {
    await client.end();
  }
}

/** Runs `check` on an altered store, then puts everything back. */
async function whileAltered(statement: string, values: unknown[], check: () => Promise<void>): Promise<void> {
  const tables = ["evidence_log", "evidence_entry", "evidence_tile", "evidence_payload", "evidence_key", "decision"];
  await intrude(async (client) => {
    for (const table of tables) await client.query(`CREATE UNLOGGED TABLE saved_${table} AS TABLE ${table}`);
    const { rowCount } = await client.query(statement, values);
    expect(rowCount).toBeGreaterThan(0);
  });
  try {
    await check();
  } finally {
    await intrude(async (client) => {
      for (const table of tables)
        await client.query(
          `BEGIN; DELETE FROM ${table}; INSERT INTO ${table} SELECT * FROM saved_${table}; DROP TABLE saved_${table}; COMMIT`,
        );
    });
  }
}

const pack = async (over: Partial<Parameters<typeof createPack>[0]> = {}): Promise<Uint8Array> => {
  const parts: Uint8Array[] = [];
  await createPack({
    db,
    evidence,
    keys,
    actor,
    register: 3,
    now: Date.now,
    systems: [],
    since: null,
    until: null,
    disclose: null,
    drain: async () => void (await evidence.sequence(journal)),
    files: async () => [],
    audits: [],
    answers: async () => ({}),
    ...over,
  }, (bytes) => void parts.push(bytes));
  return Buffer.concat(parts);
};

const problemsOf = async (): Promise<{ code: string; path: string; index: number | null }[]> => [
  ...(await rehash(db, org)).problems,
];

beforeAll(async () => {
  db = await openDatabase({ dataDir });
  await db.ensureOrganization({ id: org, name: "halden", now: new Date() });
  evidence = await openEvidence({ db, org, host: "localhost", organization: "halden", now: Date.now, ...keys });
  ({ origin } = await evidence.ensureLog("gw-1"));
  journal = memoryJournal(origin, 0, (await evidence.sealingKeys([system]))[0]!);
  for (let call = 0; call < 200; call++) {
    journal.write("call.intent", `dec_${String(call).padStart(4, "0")}`);
    journal.write("call.outcome", `dec_${String(call).padStart(4, "0")}`, { terminal: "done" });
  }
  await evidence.sequence(journal);
  await evidence.publishCheckpoints();
});
afterAll(async () => {
  await db?.close();
  rmSync(dataDir, { recursive: true, force: true });
});

it("finds nothing wrong with a store that nobody touched", async () => {
  const result = await rehash(db, org);
  expect(result.problems).toEqual([]);
  expect(result.ok).toBe(true);
  expect(result.logs.find((log) => log.origin === origin)?.size).toBe(400);
  expect(result.payloads).toBeGreaterThanOrEqual(800);
  expect(await intrude(rowSecurityFaults)).toEqual([]);
});

describe("an altered store is named where it was altered", () => {
  const cases: [string, string, () => unknown[], { code: string; index?: number }][] = [
    [
      "an edited entry",
      `UPDATE evidence_entry SET leaf = convert_to(replace(convert_from(leaf, 'UTF8'), '"allow"', '"denyx"'), 'UTF8') WHERE origin = $1 AND index = 300`,
      () => [origin],
      { code: "entry.altered", index: 300 },
    ],
    [
      "an entry that is no text any more",
      `UPDATE evidence_entry SET leaf = '\\xff00' WHERE origin = $1 AND index = 5`,
      () => [origin],
      { code: "entry.altered", index: 5 },
    ],
    [
      "a removed entry",
      `DELETE FROM evidence_entry WHERE origin = $1 AND index = 17`,
      () => [origin],
      { code: "entry.missing", index: 17 },
    ],
    [
      "a deleted tail",
      `DELETE FROM evidence_entry WHERE origin = $1 AND index >= 390`,
      () => [origin],
      { code: "entry.missing", index: 390 },
    ],
    [
      "swapped entries",
      `UPDATE evidence_entry e SET leaf = o.leaf FROM evidence_entry o WHERE e.origin = $1 AND o.origin = $1 AND e.index IN (8, 9) AND o.index IN (8, 9) AND e.index <> o.index`,
      () => [origin],
      { code: "entry.swapped", index: 8 },
    ],
    [
      "an added entry",
      `INSERT INTO evidence_entry SELECT org, origin, 400, leaf FROM evidence_entry WHERE origin = $1 AND index = 1`,
      () => [origin],
      { code: "entry.unsigned", index: 400 },
    ],
    [
      "a flipped bit of a higher tile",
      `UPDATE evidence_tile SET hashes = set_bit(hashes, 3, 1 - get_bit(hashes, 3)) WHERE origin = $1 AND level = 1`,
      () => [origin],
      { code: "tile.altered" },
    ],
    ["a head set back", `UPDATE evidence_log SET size = 399 WHERE origin = $1`, () => [origin], { code: "log.head" }],
    [
      "a flipped bit of a payload",
      `UPDATE evidence_payload SET bytes = set_bit(bytes, 100, 1 - get_bit(bytes, 100)) WHERE ct = (SELECT ct FROM evidence_payload ORDER BY ct LIMIT 1)`,
      () => [],
      { code: "payload.altered" },
    ],
    ["removed payloads", `DELETE FROM evidence_payload`, () => [], { code: "payload.missing" }],
    [
      "a single message's payload, which no header names",
      `DELETE FROM evidence_payload WHERE ct = (SELECT p.ct FROM evidence_payload p JOIN evidence_key k USING (org, origin, index, part)
        WHERE NOT EXISTS (SELECT FROM evidence_entry e WHERE e.org = p.org AND convert_from(e.leaf, 'UTF8')::jsonb ->> 'ct' = encode(p.ct, 'hex')) ORDER BY p.ct LIMIT 1)`,
      () => [],
      { code: "key.unmatched" },
    ],
    [
      "a list of decisions that says otherwise",
      `UPDATE decision SET outcome = 'deny' WHERE id = 'dec_0003'`,
      () => [],
      { code: "decision.altered", index: 7 },
    ],
    ["a vanished log", `DELETE FROM evidence_log WHERE origin = $1`, () => [origin], { code: "log.missing" }],
  ];
  it.each(cases)("%s", async (_name, statement, values, expected) => {
    await whileAltered(statement, values(), async () => {
      expect(await problemsOf()).toContainEqual(expect.objectContaining(expected));
    });
    expect(await problemsOf()).toEqual([]);
  });

  it("a message of a chat and its key removed together, so that neither points at the other: by what lists it, as no erasure", async () => {
    const single = `(SELECT p.ct FROM evidence_payload p JOIN evidence_key k USING (org, origin, index, part)
      WHERE NOT EXISTS (SELECT FROM evidence_entry e WHERE e.org = p.org AND convert_from(e.leaf, 'UTF8')::jsonb ->> 'ct' = encode(p.ct, 'hex')) ORDER BY p.ct LIMIT 1)`;
    const both = `WITH gone AS (DELETE FROM evidence_payload WHERE ct = ${single} RETURNING org, origin, index, part)
      DELETE FROM evidence_key k USING gone g WHERE (k.org, k.origin, k.index, k.part) = (g.org, g.origin, g.index, g.part)`;
    await whileAltered(both, [], async () => {
      expect((await rehash(db, org)).problems, "names in the clear don't say it").toEqual([]);
      const { problems } = await rehash(db, org, { keys });
      expect(problems).toEqual([expect.objectContaining({ code: "payload.missing", index: expect.any(Number), message: expect.stringContaining("an erasure leaves what it sealed") })]);
    });
    // A key alone, as an erasure destroys it, is no alteration.
    await whileAltered(`DELETE FROM evidence_key k USING evidence_payload p WHERE (k.org, k.origin, k.index, k.part) = (p.org, p.origin, p.index, p.part) AND p.ct = ${single}`, [], async () => {
      expect((await rehash(db, org, { keys })).problems).toEqual([]);
    });
    expect((await rehash(db, org, { keys })).problems).toEqual([]);
  });

  it("even where the log was cut and its head signed anew with the stolen key, by the meta-log", async () => {
    const short = evidence.signerOf(origin);
    const frontier = new Frontier();
    for (const record of journal.records.slice(0, 200)) frontier.append(leafHash(record.leaf));
    const note = signCheckpoint({ origin, size: 200, root: frontier.root() }, [short]);
    await whileAltered(
      `WITH cut AS (DELETE FROM evidence_entry WHERE origin = $1 AND index >= 200) UPDATE evidence_log SET size = 200, root = $2, frontier = $3, head = $4 WHERE origin = $1`,
      [origin, Buffer.from(frontier.root()), Buffer.from(frontier.encode()), note],
      async () => {
        expect(await problemsOf()).toContainEqual(expect.objectContaining({ code: "log.truncated", path: origin }));
      },
    );
  });

  it("no pack is made of it", async () => {
    await whileAltered(
      `UPDATE evidence_entry SET leaf = convert_to(replace(convert_from(leaf, 'UTF8'), '"T2"', '"T3"'), 'UTF8') WHERE origin = $1 AND index = 300`,
      [origin],
      async () => {
        await expect(pack()).rejects.toMatchObject({
          code: "evidence.altered",
          message: expect.stringContaining("300") as string,
        });
      },
    );
  });
});

describe("the start check", () => {
  it("passes on the store whose checkpoints were kept, and after it grew", async () => {
    const kept = keptCheckpoints(checkpoints);
    await kept.check(db, org);
    await kept.keep(splitCheckpoints(await evidence.read((tx) => heads(tx, org))));
    await keptCheckpoints(checkpoints).check(db, org);
    journal.write("decision", "dec_0900", { terminal: "refused", outcome: "deny" });
    await evidence.sequence(journal);
    await keptCheckpoints(checkpoints).check(db, org);
  });

  it("refuses a database that was set back", async () => {
    const head = await evidence.read((tx) => heads(tx, org));
    const newer = splitCheckpoints(head);
    await keptCheckpoints(checkpoints).keep(newer);
    const frontier = new Frontier();
    for (const record of journal.records.slice(0, 100)) frontier.append(leafHash(record.leaf));
    const note = signCheckpoint({ origin, size: 100, root: frontier.root() }, [evidence.signerOf(origin)]);
    await whileAltered(
      `UPDATE evidence_log SET size = 100, root = $2, frontier = $3, head = $4 WHERE origin = $1`,
      [origin, Buffer.from(frontier.root()), Buffer.from(frontier.encode()), note],
      async () => {
        await expect(keptCheckpoints(checkpoints).check(db, org)).rejects.toMatchObject({
          code: "evidence.rolled_back",
        });
      },
    );
    await whileAltered(`DELETE FROM evidence_log WHERE origin = $1`, [origin], async () => {
      await expect(keptCheckpoints(checkpoints).check(db, org)).rejects.toMatchObject({ code: "evidence.rolled_back" });
    });
  });

  it("refuses a store with altered tiles and one whose kept checkpoint another key signed", async () => {
    await whileAltered(
      `UPDATE evidence_tile SET hashes = set_bit(hashes, 3, 1 - get_bit(hashes, 3)) WHERE origin = $1 AND level = 0 AND index = 1`,
      [origin],
      async () => {
        await expect(keptCheckpoints(checkpoints).check(db, org)).rejects.toMatchObject({ code: "evidence.altered" });
      },
    );
    for (const name of readdirSync(checkpoints)) {
      const path = join(checkpoints, name);
      const text = readFileSync(path, "utf8");
      writeFileSync(
        path,
        text.replace(/(\S{20})\n$/, (tail) => `${tail.startsWith("A") ? "B" : "A"}${tail.slice(1)}`),
      );
      await expect(keptCheckpoints(checkpoints).check(db, org)).rejects.toMatchObject({ code: "evidence.altered" });
      writeFileSync(path, text);
    }
  });
});

describe("a start of the evidence store", () => {
  const open = (over: { host?: string } = {}): Promise<Evidence> =>
    openEvidence({
      db,
      org,
      host: "localhost",
      organization: "halden",
      now: Date.now,
      ...keys,
      checkpointsDir: checkpoints,
      ...over,
    });

  it("keeps each checkpoint it publishes, and passes again", async () => {
    const started = await open();
    await started.ensureLog("gw-1");
    journal.write("decision", "dec_0910", { terminal: "refused", outcome: "deny" });
    await started.sequence(journal);
    await started.publishCheckpoints();
    const kept = readdirSync(checkpoints).map((name) => readFileSync(join(checkpoints, name), "utf8"));
    for (const log of await started.logs()) expect(kept).toContain(log.head);
    evidence = await open();
    await evidence.ensureLog("gw-1");
  });

  it("refuses an edited entry, and goes on with a list of decisions that can be rebuilt", async () => {
    await whileAltered(
      `UPDATE evidence_entry SET leaf = leaf || '\\x20' WHERE origin = $1 AND index = 30`,
      [origin],
      async () => {
        await expect(open()).rejects.toMatchObject({
          code: "evidence.altered",
          message: expect.stringContaining("30") as string,
        });
      },
    );
    await whileAltered(
      `UPDATE decision SET outcome = 'deny' WHERE id = 'dec_0003'`,
      [],
      async () => void (await open()),
    );
  });

  it("hashed again inside the database after it was read once, tells every alteration since, whatever a pack would show", async () => {
    await assertWhole(db, org);
    const mark = wholeMark(db, org)!;
    const again = () => hashAgain(db, org, mark);
    expect(await again()).toBeDefined();
    const alterations: readonly (readonly [string, unknown[]])[] = [
      [`UPDATE evidence_entry SET leaf = leaf || '\\x20' WHERE origin = $1 AND index = 30`, [origin]],
      [`DELETE FROM evidence_entry WHERE origin = $1 AND index = 30`, [origin]],
      [`UPDATE evidence_tile SET hashes = set_byte(hashes, 0, (get_byte(hashes, 0) + 1) % 256) WHERE origin = $1 AND level = 0 AND index = 0`, [origin]],
      [`UPDATE evidence_payload SET bytes = bytes || '\\x00' WHERE ct = (SELECT ct FROM evidence_payload ORDER BY ct LIMIT 1)`, []],
      // One that a header names: a chat's single messages are named by a sealed list alone, and only the second check misses those.
      [`DELETE FROM evidence_payload WHERE ct = (SELECT decode(convert_from(leaf, 'UTF8')::jsonb ->> 'ct', 'hex') FROM evidence_entry WHERE origin = $1 AND convert_from(leaf, 'UTF8')::jsonb ? 'ct' ORDER BY index LIMIT 1)`, [origin]],
      [`UPDATE evidence_log SET size = size - 1 WHERE origin = $1`, [origin]],
    ];
    for (const [statement, values] of alterations) {
      await whileAltered(statement, values, async () => {
        expect(await again().catch(() => undefined), statement).toBeUndefined();
        await expect(assertWhole(db, org), statement).rejects.toMatchObject({ code: "evidence.altered" });
      });
    }
    expect(await again()).toBeDefined();
  });

  it("continues the same logs when the installation's address changed", async () => {
    const moved = await open({ host: "mandate.example.org" });
    expect([moved.controlOrigin, moved.metaOrigin]).toEqual([evidence.controlOrigin, evidence.metaOrigin]);
    expect((await moved.ensureLog("gw-1")).origin).toBe(origin);
  });

  it("shows hourly that it lives, even when idle", async () => {
    let at = Date.now();
    const idle = await openEvidence({ db, org, host: "localhost", organization: "halden", now: () => at, ...keys });
    await idle.publishCheckpoints();
    const size = async (): Promise<number> => (await idle.logs()).find((log) => log.origin === idle.metaOrigin)!.size;
    const before = await size();
    at += 3_599_000;
    await idle.publishCheckpoints();
    expect(await size()).toBe(before);
    at += 2_000;
    await idle.publishCheckpoints();
    expect(await size()).toBe(before + 1);
  });
});

describe("proofs", () => {
  it("lead from an entry to the signed head, and from an old size to the new one", async () => {
    const [summary] = (await evidence.read((tx) => logSummaries(tx, org))).filter((log) => log.origin === origin);
    const verifier = noteVerifier(parseVerifierKey(summary!.vkey));
    const leaf = (await evidence.read((tx) => readLeaf(tx, org, origin, 333)))!;
    const file = await evidence.read((tx) => inclusionFile(tx, org, origin, 333));
    expect(openTlogProof(file, leafHash(leaf), origin, [verifier]).size).toBe(summary!.size);
    const body = parseConsistencyBody(await evidence.read((tx) => consistencyBody(tx, org, origin, 300)));
    const old = new Frontier();
    for (const record of journal.records.slice(0, 300)) old.append(leafHash(record.leaf));
    const newer = openCheckpoint(body.checkpoint, [verifier]);
    expect(verifyConsistency(300, newer.size, body.proof, old.root(), newer.root)).toBe(true);
    expect(Buffer.from(newer.root).equals(fromBase64(summary!.root))).toBe(true);
  });

  it("outside the log are refused, not invented", async () => {
    for (const index of [-1, 402, 1e9, 0.5, Number.NaN])
      await expect(evidence.read((tx) => inclusionFile(tx, org, origin, index))).rejects.toMatchObject({ status: 400 });
    await expect(evidence.read((tx) => consistencyBody(tx, org, origin, 1e9))).rejects.toMatchObject({ status: 400 });
    await expect(evidence.read((tx) => consistencyBody(tx, org, "localhost/other/gw/1", 1))).rejects.toMatchObject({
      status: 404,
    });
  });
});

describe("reading what was sealed", () => {
  const size = async (): Promise<number> =>
    (await evidence.logs()).find((log) => log.origin === evidence.controlOrigin)!.size;
  it("leaves an entry with the reason, and returns the payload", async () => {
    const before = await size();
    const opened = await readPayload({
      db,
      evidence,
      keys,
      log: origin,
      index: 4,
      actor,
      register: 3,
      reason: "complaint 12",
    });
    expect(opened.messages).toEqual(["What the caller wrote."]);
    expect(await size()).toBe(before + 1);
  });
  it("without a reason, or of no entry, opens nothing and writes nothing", async () => {
    const before = await size();
    await expect(
      readPayload({ db, evidence, keys, log: origin, index: 4, actor, register: 3, reason: "  " }),
    ).rejects.toMatchObject({ code: "evidence.reason_missing", status: 400 });
    await expect(
      readPayload({ db, evidence, keys, log: origin, index: 4_000, actor, register: 3, reason: "x" }),
    ).rejects.toMatchObject({ status: 404 });
    expect(await size()).toBe(before);
  });
  it("after erasure shows the entry and no content, even when a gateway brings the key again", async () => {
    const { ct, pc } = JSON.parse(Buffer.from(journal.records[6]!.leaf).toString()) as { ct: string; pc: string };
    const payloadPart = 1;
    await db.transaction(org, (tx) =>
      tx
        .withTables<{ evidence_key: { org: string; origin: string; index: number; part: number } }>()
        .deleteFrom("evidence_key")
        .where("origin", "=", origin)
        .where("index", "=", 6)
        .where("part", "=", payloadPart)
        .execute(),
    );
    const opened = await readPayload({ db, evidence, keys, log: origin, index: 6, actor, register: 3, reason: "x" });
    expect([opened.payload, opened.header["ct"]]).toEqual([null, ct]);

    journal.write("call.outcome", "dec_again", { ct, pc });
    const again = journal.records.at(-1)!;
    const brought = journal.records[6]!.sealed[payloadPart]!;
    journal.records[journal.records.length - 1] = { ...again, sealed: [brought] };
    await evidence.sequence(journal);
    const after = await readPayload({ db, evidence, keys, log: origin, index: 6, actor, register: 3, reason: "x" });
    expect(after.payload).toBeNull();
  });
});

describe("an evidence pack", () => {
  it("verifies offline, whole", async () => {
    const result = await verifyPack(await pack());
    expect(result.problems).toEqual([]);
    expect(result).toMatchObject({ ok: true, trust: "self-attested" });
    expect(result.entries).toBeGreaterThan(400);
  });
  it("of one system and period, disclosed, extends the checkpoint published before", async () => {
    const since = new Date().toISOString();
    journal.write("decision", "dec_0901", { terminal: "refused", outcome: "deny" });
    const result = await verifyPack(await pack({ systems: [system], since, disclose: "audit 7" }));
    expect(result.problems).toEqual([]);
    expect(result.payloads).toBeGreaterThan(0);
  });
  it("contradicts a checkpoint of a longer log", async () => {
    const before = await pack();
    journal.write("decision", "dec_0902", { terminal: "refused", outcome: "deny" });
    await evidence.sequence(journal);
    const pinned = (await evidence.logs()).find((log) => log.origin === origin)!.head;
    expect((await verifyPack(before, { pinned: [pinned] })).ok).toBe(false);
    expect((await verifyPack(await pack(), { pinned: [pinned] })).problems).toEqual([]);
  });
});
