import { readFileSync } from "node:fs";
import { join } from "node:path";
import { sql } from "kysely";
import { Client } from "pg";
import { verifyPack } from "@mandate/ledger";
import { afterAll, beforeAll, expect, test } from "vitest";
import { systemActor } from "../context/index.ts";
import { rehash } from "../evidence/index.ts";
import { memoryJournal } from "../evidence/memory-journal.ts";
import { jsonLog } from "../log.ts";
import { bootstrapToken, startTestServer } from "../testing/running-server.ts";
import type { TestServer } from "../testing/running-server.ts";
import { endContent } from "./ends.ts";
import { shredNow } from "./shred.ts";

const calls = 20;
let running: TestServer;
const systems = ["helpdesk", "returns"] as const;
const periods = ["2025-01-01", "2025-02-01", "2025-03-01"] as const;

async function intrude<T>(work: (client: Client) => Promise<T>): Promise<T> {
  const client = new Client({ connectionString: readFileSync(join(running.directory, "database-url"), "utf8").trim() });
  await client.connect();
  try {
    return await work(client);
  } finally {
    await client.end();
  }
}

beforeAll(async () => {
  running = await startTestServer();
  // The test says when what runs: the server's own turns would end the same months at its clock.
  await running.server.jobs.close();
  const { evidence, org } = running.server;
  const manifest = systems.map((name) => `apiVersion: v1\nkind: AISystem\nmetadata: { name: ${name} }\nspec:\n  owners: { business: b@halden.example, technical: t@halden.example }\n`).join("---\n");
  expect((await running.request("POST", "/api/v1/apply", { body: manifest })).status).toBe(200);
  const { origin } = await evidence.ensureLog("gw-months");
  let size = 0;
  for (const period of periods) {
    for (const system of systems) {
      const [key] = await evidence.sealingKeys([{ system, retention: "T1" }]);
      const journal = memoryJournal(origin, size, key!);
      for (let at = 0; at < calls; at += 1) journal.write("decision", `dec_${String(size + at).padStart(26, "0")}`, { terminal: "done" });
      await evidence.sequence(journal);
      size += calls;
    }
    // As if the month had been then: its rows stand in its own tables, its keys are of that month.
    await intrude(async (client) => {
      for (const table of ["evidence_payload", "evidence_key"]) {
        await client.query("SELECT mandate_add_partition($1, $2, $3::text, ($3::text::date + interval '1 month')::date::text, 0)", [table, `${table}_${period.slice(0, 7).replace("-", "_")}`, period]);
        await client.query(`UPDATE ${table} SET period = $1::date WHERE origin = $2 AND index >= $3`, [period, origin, size - 2 * calls]);
      }
      // This month's keys are retired, so that the next turn makes others.
      await client.query("UPDATE evidence_kek SET month = $2, retired_at = now() WHERE org = $1 AND retention = 'T1' AND retired_at IS NULL", [org, period.slice(0, 7)]);
    });
  }
}, 120_000);
afterAll(() => running?.close());

const counts = () => intrude(async (client) => (await client.query<{ name: string; keys: number; bytes: string }>("SELECT tableoid::regclass::text AS name, count(*)::int AS keys, pg_relation_size(tableoid) AS bytes FROM evidence_key WHERE period >= '2025-01-01' AND period < '2025-04-01' GROUP BY tableoid ORDER BY 1")).rows);
const bytesOf = (table: string) => intrude(async (client) => Number((await client.query<{ bytes: string }>("SELECT pg_relation_size($1) AS bytes", [table])).rows[0]!.bytes));
/** Ends what is due at this moment by the boundaries; retention of T1 is under two years. */
async function clean(at: string): Promise<void> {
  const { contexts } = running.server;
  const ctx = { ...contexts.quiet(systemActor("retention")), now: () => Date.parse(at) };
  await endContent(running.db, ctx).run();
}
const dueAfter = async (period: string): Promise<string> => {
  await clean("2025-01-02T00:00:00Z");
  const { rows } = await running.db.read(running.server.org, (tx) => sql<{ ends: Date }>`SELECT max(ends_at) AS ends FROM evidence_kek WHERE month = ${period.slice(0, 7)} AND retention = 'T1'`.execute(tx));
  return new Date(rows[0]!.ends.getTime() + 1).toISOString();
};

test("a month all of whose content has ended goes whole, with its file and a receipt for each system; the next one stays", async () => {
  const before = await counts();
  expect(before.map((row) => row.keys)).toEqual([4 * calls, 4 * calls, 4 * calls]);
  await clean(await dueAfter(periods[0]));
  expect((await counts()).map((row) => row.name)).toEqual(["evidence_key_2025_02", "evidence_key_2025_03"]);
  // Rows deleted one by one leave their bytes in the file until it is rewritten.
  expect(await bytesOf("evidence_key_2025_01")).toBe(0);
  const { items } = (await running.request("GET", "/api/v1/evidence/erasures")).body;
  expect(items.filter((one: { kind: string }) => one.kind === "retention").map((one: { what: string; keys: number; entries: number }) => [one.what, one.keys, one.entries]).sort()).toEqual(systems.map((name) => [`${name}, 2025-01`, 2 * calls, calls]));
});

test("proofs stay valid and a re-hash finds nothing wrong", async () => {
  expect((await rehash(running.db, running.server.org)).problems).toEqual([]);
  const response = await fetch(`${running.url}/api/v1/evidence/packs`, { method: "POST", headers: { authorization: `Bearer ${bootstrapToken}`, "content-type": "application/json" }, body: JSON.stringify({ system: "helpdesk", disclose: "test" }) });
  expect(response.status).toBe(200);
  expect(await verifyPack(new Uint8Array(await response.arrayBuffer()))).toMatchObject({ problems: [], complete: true });
});

test("a hold, or a key that is kept longer, leaves the month to the batches, which take only what may go", async () => {
  const at = await dueAfter(periods[1]);
  const held = await running.request("POST", "/api/v1/evidence/holds", { body: { system: "returns", basis: "Litigation" } });
  expect(held.status, held.text).toBe(201);
  await clean(at);
  expect((await counts()).map((row) => [row.name, row.keys])).toEqual([["evidence_key_2025_02", 2 * calls], ["evidence_key_2025_03", 4 * calls]]);
  await intrude((client) => client.query("UPDATE evidence_hold SET released_at = now(), released_by = 'legal', release_reason = 'Settled.'"));
});

test("only the tables that lost keys are rewritten, and their bytes go", async () => {
  const { db, server } = running;
  const seen: string[][] = [];
  const watched = { ...db, shred: (tables: readonly string[]) => (seen.push([...tables]), db.shred(tables)) };
  const sizeBefore = await bytesOf("evidence_key_2025_02");
  expect(await shredNow({ db: watched, org: server.org, now: running.now, log: jsonLog(() => undefined, running.now), shedJournal: async () => undefined })).toBe(true);
  expect(seen).toEqual([["evidence_key_2025_02", "evidence_key_other", "evidence_kek", "approvals"]]);
  expect(await bytesOf("evidence_key_2025_02")).toBeLessThanOrEqual(sizeBefore);
});

test("another's keys in a month, or a month that isn't over, is never emptied at once", async () => {
  const { org } = running.server;
  const ended = (month: string, kids: readonly string[]) => running.db.transaction(org, async (tx) => (await sql<{ done: boolean }>`SELECT mandate_end_month(${month}::date, ${kids}::text[]) AS done`.execute(tx)).rows[0]!.done);
  expect(await ended("2025-03-01", ["kek_of_nobody"])).toBe(false);
  expect(await ended("2025-07-01", [])).toBe(false);
  const { rows } = await running.db.read(org, (tx) => sql<{ kid: string }>`SELECT DISTINCT kid FROM evidence_key WHERE period = '2025-03-01'`.execute(tx));
  await intrude((client) => client.query("INSERT INTO organization (org, name, created_at) VALUES ('org_second', 'second', now())"));
  expect(await ended("2025-03-01", rows.map((row) => row.kid))).toBe(false);
  expect((await counts()).at(-1)).toMatchObject({ name: "evidence_key_2025_03", keys: 4 * calls });
});
