/**
 * Whether a table a month pays for itself: reads and appends of entries (by their place) and of sealed content (by its hash)
 * in one table and in one of 36 months. Why entries stand in one table and content doesn't.
 *
 *   PARTITION_ROWS=1000000 node bench/partitions.ts
 */
import { mkdtempSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { openDatabase } from "@mandate/server/database";
import { Client } from "pg";

const rows = Number(process.env["PARTITION_ROWS"] ?? 720_000);
const months = 36;
const reads = 2_000;
const directory = mkdtempSync(join(tmpdir(), "mandate-months-bench-"));
const db = await openDatabase({ dataDir: directory });
const client = new Client({ connectionString: readFileSync(join(directory, "database-url"), "utf8").trim() });
await client.connect();
try {
  await client.query("SET synchronous_commit = off; SET maintenance_work_mem = '64MB'");
  for (const kind of ["entry", "content"] as const) {
    const columns = kind === "entry" ? "org text, origin text, index bigint, period date, leaf bytea" : "ct bytea, org text, period date, leaf bytea";
    const key = kind === "entry" ? "org, origin, index" : "ct, org";
    await client.query(`CREATE TABLE ${kind}_one (${columns}, PRIMARY KEY (${key})) WITH (toast_tuple_target = 8160)`);
    await client.query(`CREATE TABLE ${kind}_months (${columns}) PARTITION BY RANGE (period)`);
    for (let month = 0; month < months; month++)
      await client.query(`CREATE TABLE ${kind}_m${month} PARTITION OF ${kind}_months (PRIMARY KEY (${key})) FOR VALUES FROM (date '2024-01-01' + interval '${month} months') TO (date '2024-01-01' + interval '${month + 1} months') WITH (toast_tuple_target = 8160)`);
    const places = kind === "entry" ? "'org_a', 'host/org/gw/1', n" : "sha256(n::text::bytea), 'org_a'";
    const leaf = "substring(sha512(n::text::bytea) || sha512((n+1)::text::bytea) || sha512((n+2)::text::bytea) || sha512((n+3)::text::bytea) || sha512((n+4)::text::bytea) || sha512((n+5)::text::bytea) FROM 1 FOR 380)";
    for (const table of ["one", "months"] as const)
      await client.query(`INSERT INTO ${kind}_${table} SELECT ${places}, (date '2024-01-01' + (n * ${months} / ${rows}) * interval '1 month')::date, ${leaf} FROM generate_series(0, ${rows - 1}) AS n`);
    await client.query(`ANALYZE ${kind}_one; ANALYZE ${kind}_months`);
    console.log(`${kind}: ${rows.toLocaleString("en")} rows, in one table and in ${months}`);
    for (const table of ["one", "months"] as const) {
      const name = `${kind}_${table}`;
      const asked = (n: number): [string, unknown[]] => (kind === "entry" ? [`SELECT leaf FROM ${name} WHERE org = $1 AND origin = $2 AND index = $3`, ["org_a", "host/org/gw/1", n]] : [`SELECT leaf FROM ${name} WHERE ct = sha256($1::text::bytea) AND org = $2`, [n, "org_a"]]);
      const one = await time(reads, (at) => client.query(...asked((at * 7919) % rows)));
      const range = kind === "entry" ? await time(200, (at) => client.query(`SELECT leaf FROM ${name} WHERE org = $1 AND origin = $2 AND index >= $3 AND index < $3 + 256 ORDER BY index`, ["org_a", "host/org/gw/1", ((at * 104_729) % (rows - 256))])) : Number.NaN;
      await client.query("CHECKPOINT");
      const wal = await position();
      const append = await time(200, (at) => client.query(`INSERT INTO ${name} SELECT ${places}, date '2026-12-15', ${leaf} FROM generate_series(${rows + at * 64}, ${rows + at * 64 + 63}) AS n`));
      const walBytes = ((await position()) - wal) / (200 * 64);
      console.log(`  ${(table === "one" ? "one table" : "a table a month").padEnd(16)} one row ${one.toFixed(2)} ms${Number.isNaN(range) ? "" : `, 256 in order ${range.toFixed(2)} ms`}, 64 appended ${append.toFixed(2)} ms and ${walBytes.toFixed(0)} bytes of write-ahead log a row`);
    }
  }
} finally {
  await client.end();
  await db.close();
  rmSync(directory, { recursive: true, force: true });
}

/** @returns milliseconds each, the median */
async function time(count: number, work: (at: number) => Promise<unknown>): Promise<number> {
  const taken: number[] = [];
  for (let at = 0; at < count; at++) {
    const from = performance.now();
    await work(at);
    taken.push(performance.now() - from);
  }
  return taken.sort((a, b) => a - b)[Math.floor(count / 2)]!;
}

async function position(): Promise<number> {
  return Number((await client.query<{ bytes: string }>("SELECT pg_current_wal_insert_lsn() - '0/0'::pg_lsn AS bytes")).rows[0]!.bytes);
}
