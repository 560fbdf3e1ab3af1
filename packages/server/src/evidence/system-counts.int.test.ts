import { randomFillSync } from "node:crypto";
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { sql } from "kysely";
import { verifyPack } from "@mandate/ledger";
import type { PackResult } from "@mandate/ledger";
import { afterAll, beforeAll, expect, test } from "vitest";
import { openDatabase } from "../database/index.ts";
import type { Database } from "../database/index.ts";
import { openEvidence } from "./evidence.ts";
import type { Evidence } from "./evidence.ts";
import { memoryJournal } from "./memory-journal.ts";
import { createPack } from "./pack.ts";
import { rehash } from "./rehash.ts";

const org = "org_counts";
const random = <T extends Uint8Array>(bytes: T): T => randomFillSync(bytes);
const keys = { masterKey: random(new Uint8Array(32)), random };
const dataDir = mkdtempSync(join(tmpdir(), "mandate-counts-"));
let db: Database;
let evidence: Evidence;

/** A call of each of these systems, in turn. */
async function calls(count: number, systems: readonly string[]): Promise<void> {
  const { origin } = await evidence.ensureLog("gw");
  for (let at = 0; at < count; at++) {
    const { size } = await evidence.ensureLog("gw");
    const journal = memoryJournal(origin, size, (await evidence.sealingKeys([systems[at % systems.length]!]))[0]!);
    journal.write("decision", `dec_${String(size).padStart(8, "0")}`, { terminal: "refused", at: instant() });
    await evidence.sequence(journal);
  }
}

let offsetMs = 0;
const now = (): number => Date.now() + offsetMs;
const instant = (): string => new Date(now()).toISOString();

async function packOf(systems: readonly string[], since: string | null = null, until: string | null = null): Promise<PackResult> {
  const parts: Uint8Array[] = [];
  await createPack(
    {
      db, evidence, keys, register: 1, now, systems, since, until, disclose: null, audits: [],
      actor: { kind: "system", id: "test", email: null, roles: [], proof: "internal" },
      drain: async () => undefined, files: async () => [], answers: async () => ({}),
    },
    (bytes) => void parts.push(bytes),
  );
  return verifyPack(Buffer.concat(parts));
}

beforeAll(async () => {
  db = await openDatabase({ dataDir });
  await db.ensureOrganization({ id: org, name: "counts", now: new Date() });
  evidence = await openEvidence({ db, org, host: "localhost", organization: "counts", now, ...keys });
});
afterAll(async () => {
  await db.close();
  rmSync(dataDir, { recursive: true, force: true });
});

test("a pack of one system says that none of its entries is missing, through every log", async () => {
  await calls(9, ["returns", "notes", "desk"]);
  await evidence.publishCheckpoints({ counts: "now" });
  await calls(6, ["returns", "notes", "desk"]);
  for (const systems of [["returns"], ["notes", "desk"], ["never"], []]) expect(await packOf(systems)).toMatchObject({ problems: [], complete: true });
});

test("a pack of a period that is over shows all of it, whatever was written before and since", async () => {
  const hour = 3_600_000;
  const turn = async (): Promise<string> => {
    await evidence.publishCheckpoints({ counts: "now" });
    offsetMs += hour;
    return instant();
  };
  await calls(6, ["returns", "notes"]);
  const since = await turn();
  await calls(6, ["returns", "notes"]);
  const until = await turn();
  // Stamped inside the period, and taken long after it: in no count of it, and shown all the same.
  offsetMs -= hour + 60_000;
  await calls(2, ["returns", "notes"]);
  offsetMs += hour + 60_000;
  await calls(4, ["returns", "notes"]);
  await turn();
  await calls(4, ["returns", "notes"]);
  for (const systems of [["returns"], ["returns", "notes"], ["never"], []]) {
    expect(await packOf(systems, since, until), `${systems.join(" ")} since, until`).toMatchObject({ problems: [], complete: true });
    expect(await packOf(systems, null, until), `${systems.join(" ")} until`).toMatchObject({ problems: [], complete: true });
    expect(await packOf(systems, since), `${systems.join(" ")} since`).toMatchObject({ problems: [], complete: true });
  }
  expect((await packOf([], since, until)).entries).toBeLessThan((await packOf([])).entries);
});

test("a log that grew by records of audits alone is counted too: a population fixed then can be shown to be whole", async () => {
  const isCounted = async (): Promise<{ size: number; counted: boolean }> => {
    const { rows } = await db.read(org, (tx) => sql<{ size: number; counted: boolean }>`SELECT l.size::int AS size, coalesce(bool_or(k.counted), false) AS counted FROM evidence_log l
      LEFT JOIN evidence_checkpoint k ON k.org = l.org AND k.origin = l.origin AND k.size = l.size WHERE l.org = ${org} AND l.origin = ${evidence.controlOrigin} GROUP BY l.size`.execute(tx));
    return rows[0]!;
  };
  const record = () => db.transaction(org, (tx) => evidence.appendInTransaction(tx, { type: "audit", payload: { kind: "opened" }, register: 1, actor: { kind: "system", id: "test", email: null, roles: [], proof: "internal" } }));
  await evidence.publishCheckpoints({ counts: "now" });
  const { size } = await isCounted();
  await record();
  await evidence.publishCheckpoints({ counts: "now" });
  expect(await isCounted()).toEqual({ size: size + 1, counted: true });
  // Published by the clock a moment before, without counts: they follow.
  await record();
  await evidence.publishCheckpoints();
  await evidence.publishCheckpoints({ counts: "now" });
  expect(await isCounted()).toEqual({ size: size + 2, counted: true });
  expect(await packOf(["returns"])).toMatchObject({ problems: [], complete: true });
});

test("a new epoch's meta-log restates the counts of the logs before it", async () => {
  await evidence.beginEpoch({ reason: "rotated", lost: new Map() });
  evidence = await openEvidence({ db, org, host: "localhost", organization: "counts", now, ...keys });
  await calls(4, ["returns", "notes"]);
  expect(await packOf(["returns"])).toMatchObject({ problems: [], complete: true });
});

test("entries that a release without counts took are said to be uncounted, and counting begins behind them", async () => {
  const { origin, size } = await evidence.ensureLog("gw");
  await calls(1, ["returns"]);
  // As if that one had been appended by the release before: nothing was counted for it.
  await db.transaction(org, async (tx) => {
    await sql`UPDATE evidence_counted SET to_index = ${size} WHERE org = ${org} AND origin = ${origin}`.execute(tx);
    await sql`UPDATE evidence_count SET entries = entries - 1 WHERE org = ${org} AND origin = ${origin} AND system = 'returns'`.execute(tx);
  });
  expect(await packOf(["returns"])).toMatchObject({ problems: [], complete: null });
  await calls(2, ["returns", "notes"]);
  expect(await packOf(["returns"]), "earlier ones stay uncounted").toMatchObject({ problems: [], complete: null });
  const { rows } = await db.read(org, (tx) => sql<{ from: string }>`SELECT from_index AS from FROM evidence_counted WHERE org = ${org} AND origin = ${origin}`.execute(tx));
  expect(Number(rows[0]!.from)).toBe(size + 1);
});

test("a re-hash counts again what was sealed: a count that was lowered or raised is told, whatever was sealed since", async () => {
  const countProblems = async () => (await rehash(db, org)).problems.filter((one) => one.code.startsWith("count."));
  await evidence.publishCheckpoints({ counts: "now" });
  expect(await countProblems(), "logs of four epochs, one of them counted from its middle on").toEqual([]);
  const { origin } = await evidence.ensureLog("gw");
  await calls(4, ["returns", "notes"]);
  await evidence.publishCheckpoints({ counts: "now" });
  const change = (by: number) => db.transaction(org, (tx) => sql`UPDATE evidence_count SET entries = entries + ${by} WHERE org = ${org} AND origin = ${origin} AND system = 'returns'`.execute(tx));
  await change(-1);
  expect(await countProblems()).toEqual([expect.objectContaining({ code: "count.altered", path: origin })]);
  await calls(2, ["notes"]);
  await evidence.publishCheckpoints({ counts: "now" });
  expect(await countProblems()).toEqual([expect.objectContaining({ code: "count.sealed", path: origin, message: expect.stringMatching(/of returns/) })]);
  // Put right before anybody looked: the meta-log keeps what it said.
  await change(1);
  await calls(2, ["notes"]);
  await evidence.publishCheckpoints({ counts: "now" });
  expect(await countProblems()).toEqual([expect.objectContaining({ code: "count.sealed", path: origin })]);
});

test("more entries sealed than a pack shows is told offline, whoever made it", async () => {
  await evidence.beginEpoch({ reason: "rotated", lost: new Map() });
  evidence = await openEvidence({ db, org, host: "localhost", organization: "counts", now, ...keys });
  await calls(4, ["returns", "notes"]);
  await db.transaction(org, (tx) => sql`UPDATE evidence_count SET entries = entries + 1 WHERE org = ${org} AND system = 'returns' AND origin = (SELECT max(origin) FROM evidence_counted WHERE origin LIKE '%/gw/%')`.execute(tx));
  expect(await packOf(["returns"])).toMatchObject({ complete: false, problems: [{ code: "entry.left_out" }] });
});
