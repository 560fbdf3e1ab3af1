import type { Readable } from "node:stream";
import { pipeline } from "node:stream/promises";
import { AppError } from "@mandate/model";
import type { ClientBase } from "pg";
import { from as copyFrom } from "pg-copy-streams";
import type { Dump } from "./dump.ts";
import { makeContentMonths } from "./partitions.ts";
import { applied, checkApplied, migrate, readMigrations, shippedMigrations } from "./migrate.ts";
import { checkVersion, prepareRole } from "./role.ts";

/** What PostgreSQL writes for our names; a manifest from outside must not carry SQL. */
const identifier = /^[a-z][a-z0-9_]{0,62}$/;

/**
 * Fills an empty database with a dump, whole or not at all: the schema as the dump's migrations made it (a later start
 * applies newer ones), then every row in one transaction.
 * @param read the rows of a table as COPY text; null leaves the table empty
 * @param confirm looks at what was loaded before it is committed, and refuses by throwing
 * @throws AppError `restore.not_empty` (409), `database.newer_schema`, `database.migration_altered`, `restore.damaged` (422)
 */
export async function load(client: ClientBase, dump: Pick<Dump, "migrations" | "tables" | "months">, read: (table: string) => Promise<Readable | null>, confirm: () => Promise<void>): Promise<void> {
  const migrations = await readMigrations(shippedMigrations);
  checkApplied(dump.migrations, migrations);
  for (const { table, columns } of dump.tables) {
    if (![table, ...columns].every((name) => identifier.test(name))) throw damaged(`it names a table ${JSON.stringify(table).slice(0, 80)}`);
  }
  await checkVersion(client);
  await refuseUnlessEmpty(client, dump);
  await prepareRole(client);
  await migrate(client, migrations.filter((one) => dump.migrations.some((done) => done.number === one.number)));
  const months = dump.months ?? [];
  if (!months.every((month) => /^[2-9][0-9]{3}-(?:0[1-9]|1[0-2])$/.test(month))) throw damaged("it names a month that is none");
  await makeContentMonths(client, months);
  const order = await loadingOrder(client);
  const unknown = dump.tables.find((one) => !order.includes(one.table));
  if (unknown !== undefined) throw damaged(`its migrations make no table ${unknown.table}`);
  await client.query("BEGIN");
  try {
    for (const table of order) {
      const part = dump.tables.find((one) => one.table === table);
      const rows = part === undefined ? null : await read(table);
      if (part === undefined || rows === null) continue;
      // Rows that were right when they were written: triggers that judge a change have judged them. Row security binds the
      // owner, whom COPY would then refuse; both are as before when this commits.
      await client.query(`ALTER TABLE ${table} NO FORCE ROW LEVEL SECURITY; ALTER TABLE ${table} DISABLE TRIGGER USER`);
      const fields = part.columns.map((column) => `"${column}"`).join(", ");
      await pipeline(rows, client.query(copyFrom(`COPY ${table} (${fields}) FROM STDIN`)));
    }
    await confirm();
    for (const { table } of dump.tables) await client.query(`ALTER TABLE ${table} ENABLE TRIGGER USER; ALTER TABLE ${table} FORCE ROW LEVEL SECURITY`);
    await client.query("COMMIT");
  } catch (error) {
    await client.query("ROLLBACK").catch(() => undefined);
    // SQLSTATE class 22 (data) and 23 (constraint): the rows don't fit the schema that their own list of migrations makes.
    const { code } = error as { code?: unknown };
    if (typeof code === "string" && /^2[23]/.test(code)) throw damaged("its rows don't fit its own schema", error);
    throw error;
  }
  await client.query("ANALYZE");
}

/** Empty, or made empty by an earlier attempt at the same dump. */
async function refuseUnlessEmpty(client: ClientBase, dump: Pick<Dump, "migrations">): Promise<void> {
  const { rows } = await client.query<{ name: string }>("SELECT relname AS name FROM pg_class WHERE relkind IN ('r', 'p') AND relnamespace = current_schema()::regnamespace");
  if (rows.length === 0) return;
  const names = rows.map((row) => row.name);
  if (names.includes("mandate_migration")) {
    const before = await applied(client);
    const ofDump = before.every((one) => dump.migrations.some((other) => other.number === one.number && other.sha256 === one.sha256));
    if (ofDump && (!names.includes("organization") || (await isEmpty(client)))) return;
  }
  throw new AppError({ code: "restore.not_empty", status: 409, message: "The database isn't empty, and a restore writes over nothing.", remedies: [{ text: "Make an empty database and set MANDATE_DATABASE_URL to it." }] });
}

async function isEmpty(client: ClientBase): Promise<boolean> {
  // An owner that row security binds sees organizations in this scope alone.
  await client.query("SELECT set_config('mandate.scope', 'installation', false)");
  const { rows } = await client.query("SELECT 1 FROM organization LIMIT 1");
  await client.query("SELECT set_config('mandate.scope', '', false)");
  return rows.length === 0;
}

/** Tables, each after those that its foreign keys name. */
async function loadingOrder(client: ClientBase): Promise<string[]> {
  const { rows: tables } = await client.query<{ name: string }>("SELECT c.oid::regclass::text AS name FROM pg_class c WHERE c.relkind IN ('r', 'p') AND NOT c.relispartition AND c.relrowsecurity ORDER BY 1");
  const { rows: keys } = await client.query<{ from: string; to: string }>("SELECT conrelid::regclass::text AS from, confrelid::regclass::text AS to FROM pg_constraint WHERE contype = 'f' AND conrelid <> confrelid");
  const order: string[] = [];
  const left = new Set(tables.map((row) => row.name));
  while (left.size > 0) {
    const ready = [...left].filter((name) => !keys.some((key) => key.from === name && left.has(key.to)));
    if (ready.length === 0) throw new Error(`foreign keys in a circle among ${[...left].join(", ")}`);
    for (const name of ready) {
      order.push(name);
      left.delete(name);
    }
  }
  return order;
}

function damaged(what: string, cause?: unknown): AppError {
  return new AppError({ code: "restore.damaged", status: 422, message: `The backup can't be loaded: ${what}. Nothing was changed.`, cause });
}
