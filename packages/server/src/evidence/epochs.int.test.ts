import { randomFillSync } from "node:crypto";
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { canonicalBytes, verifyPack } from "@mandate/ledger";
import { sql } from "kysely";
import { afterAll, beforeAll, expect, test } from "vitest";
import type { Actor } from "../command.ts";
import { openDatabase } from "../database/index.ts";
import type { Database } from "../database/index.ts";
import { createPack, getDecision, openEvidence, rehash } from "./index.ts";
import type { Evidence } from "./index.ts";
import { appendLeaves, readHead } from "./append.ts";
import { memoryJournal } from "./memory-journal.ts";

const org = "org_epochs";
const actor: Actor = { kind: "system", id: "test", email: null, roles: [], proof: "internal" };
const dataDir = mkdtempSync(join(tmpdir(), "mandate-epochs-"));
const keys = { masterKey: randomFillSync(new Uint8Array(32)), random: (bytes: Uint8Array) => randomFillSync(bytes) };
let db: Database;
let evidence: Evidence;
const checkpointsDir = join(dataDir, "checkpoints");
const open = (): Promise<Evidence> => openEvidence({ db, org, host: "localhost", organization: "halden", now: Date.now, ...keys, checkpointsDir });
const append = (): Promise<void> => db.transaction(org, (tx) => evidence.appendInTransaction(tx, { type: "setting", payload: { a: 1 }, actor, register: 1 }));
async function pack(): Promise<Uint8Array> {
  const parts: Uint8Array[] = [];
  await createPack({ db, evidence, keys, actor, register: 1, now: Date.now, systems: [], since: null, until: null, disclose: null, drain: async () => undefined, files: async () => [], audits: [], answers: async () => ({}) }, (bytes) => void parts.push(bytes));
  return Buffer.concat(parts);
}

beforeAll(async () => {
  db = await openDatabase({ dataDir });
  await db.ensureOrganization({ id: org, name: "halden", now: new Date() });
  evidence = await open();
});
afterAll(async () => {
  await db?.close();
  rmSync(dataDir, { recursive: true, force: true });
});

test("a lost volume closes its log as lost, its open calls as unknown, and takes no more entries", async () => {
  const { origin } = await evidence.ensureLog("gw-0000000a");
  const journal = memoryJournal(origin, 0, (await evidence.sealingKeys(["notes"]))[0]!);
  journal.write("call.intent", "dec_open");
  journal.write("call.intent", "dec_done");
  journal.write("call.outcome", "dec_done", { terminal: "done" });
  await evidence.sequence(journal);
  await evidence.closeLost([origin]);
  expect(await db.read(org, (tx) => getDecision(tx, org, "dec_open"))).toMatchObject({ terminal: "unknown", result: { log: origin, index: 3 } });
  expect(await db.read(org, (tx) => getDecision(tx, org, "dec_done"))).toMatchObject({ terminal: "done" });
  journal.write("decision", "dec_late");
  await expect(evidence.sequence(journal)).rejects.toThrow();
  expect((await rehash(db, org)).problems).toEqual([]);
  expect((await verifyPack(await pack())).problems).toEqual([]);
});

test("a new epoch closes every log and restates each in a meta-log that covers all alone; packs verify across it", async () => {
  await append();
  await evidence.publishCheckpoints();
  const before = evidence.metaOrigin;
  const head = (await evidence.logs()).find((log) => log.origin === evidence.controlOrigin)!.head;
  const { closed, metaOrigin } = await evidence.beginEpoch({ reason: "rotated", lost: new Map() });
  expect(closed).toContain(before);
  expect(metaOrigin).toBe("localhost/halden/meta/2");
  await expect(append(), "the old object writes to a closed log").rejects.toThrow(/takes no more entries/);
  evidence = await open();
  expect([evidence.metaOrigin, evidence.controlOrigin]).toEqual(["localhost/halden/meta/2", "localhost/halden/control/2"]);
  await append();
  const { origin } = await evidence.ensureLog("gw-0000000a");
  expect(origin).toBe("localhost/halden/gw-0000000a/2");
  const result = await verifyPack(await pack(), { pinned: [head] });
  expect(result.problems).toEqual([]);
  expect(result.logs.map((log) => log.origin)).toEqual(expect.arrayContaining([before, "localhost/halden/meta/2", "localhost/halden/control/1", "localhost/halden/control/2"]));
  expect((await rehash(db, org)).problems).toEqual([]);
  // And once more, as a restore would.
  await evidence.beginEpoch({ reason: "restored", lost: new Map([["localhost/halden/control/2", 7]]) });
  evidence = await open();
  expect(evidence.metaOrigin).toBe("localhost/halden/meta/3");
  expect((await verifyPack(await pack())).problems).toEqual([]);
});

test("the control log's key replaced under changes that are being made: each change's entry stands in one log, and one log is open", async () => {
  evidence = await open();
  const before = evidence.controlOrigin;
  const sizes = async () => new Map((await evidence.logs()).map((log) => [log.origin, log.size]));
  const start = (await sizes()).get(before)!;
  const stolen = evidence.signerOf(before);
  const changes = Array.from({ length: 20 }, append);
  const done = await db.transaction(org, (tx) => evidence.rotateLog(tx, before, null));
  await Promise.all(changes);
  await append();
  const after = await sizes();
  expect(after.get(before)! - start + after.get(done.origin)!).toBe(21);
  expect(evidence.signerOf(done.origin).vkey).not.toBe(stolen.vkey);
  const { rows } = await db.read(org, (tx) => sql<{ origin: string }>`SELECT origin FROM evidence_log WHERE org = ${org} AND writer = 'control' AND closed_at IS NULL`.execute(tx));
  expect(rows).toEqual([{ origin: done.origin }]);
  // The store takes nothing more under the old key, and never a second open log.
  await expect(db.transaction(org, (tx) => readHead(tx, org, before, true))).rejects.toMatchObject({ code: "evidence.log_closed" });
  await expect(db.transaction(org, (tx) => sql`UPDATE evidence_log SET closed_at = NULL WHERE org = ${org} AND origin = ${before}`.execute(tx))).rejects.toThrow(/evidence_log_open/);
  await expect(db.transaction(org, (tx) => evidence.rotateLog(tx, before, null))).rejects.toMatchObject({ code: "evidence.not_rotatable" });
  await expect(db.transaction(org, (tx) => evidence.rotateLog(tx, done.origin, 3_000_000))).rejects.toMatchObject({ code: "evidence.fenced" });
  // A transaction that failed leaves the log open, and the key that it made is forgotten.
  await expect(db.transaction(org, async (tx) => { await evidence.rotateLog(tx, done.origin, null); throw new Error("stop"); })).rejects.toThrow("stop");
  await append();
  const again = await db.transaction(org, (tx) => evidence.rotateLog(tx, done.origin, null));
  await append();
  expect(evidence.controlOrigin).toBe(again.origin);
  expect((await rehash(db, org)).problems).toEqual([]);
  expect((await verifyPack(await pack())).problems).toEqual([]);
});

test("a stolen key signs nothing more once it was replaced: what it adds to its closed log is told", async () => {
  await append();
  await evidence.publishCheckpoints();
  const { controlOrigin } = evidence;
  const stolen = evidence.signerOf(controlOrigin);
  await evidence.beginEpoch({ reason: "rotated", lost: new Map() });
  evidence = await open();
  await append();
  const honest = await pack();
  expect((await verifyPack(honest)).problems).toEqual([]);
  // Who holds the database too: the log opened again, an entry after its closing, the head signed by the old key.
  await db.transaction(org, async (tx) => {
    await sql`UPDATE evidence_log SET closed_at = NULL, writer = 'forged' WHERE org = ${org} AND origin = ${controlOrigin}`.execute(tx);
    const head = await readHead(tx, org, controlOrigin, true);
    const leaf = canonicalBytes({ v: 1, type: "setting", id: "ent_forged0000000000000000000", at: new Date().toISOString(), shard: controlOrigin, seq: head.size, seen: head.checkpointSize });
    await appendLeaves(tx, org, stolen, head, [{ leaf, sealed: [] }]);
    await sql`UPDATE evidence_log SET closed_at = now(), writer = 'control' WHERE org = ${org} AND origin = ${controlOrigin}`.execute(tx);
    await sql`INSERT INTO evidence_checkpoint (org, origin, size, note, at) SELECT org, origin, size, head, now() FROM evidence_log WHERE org = ${org} AND origin = ${controlOrigin} ON CONFLICT DO NOTHING`.execute(tx);
  });
  const forged = await verifyPack(await pack());
  expect(forged.ok).toBe(false);
  expect(forged.problems.map((one) => one.code)).toContain("log.closed");
  expect((await rehash(db, org)).problems).toContainEqual(expect.objectContaining({ code: "log.closed", path: controlOrigin }));
});
