import type { Readable } from "node:stream";
import type { ClientBase } from "pg";
import { to as copyTo } from "pg-copy-streams";
import { contentMonths } from "./partitions.ts";
import { applied } from "./migrate.ts";
import type { AppliedMigration } from "./migrate.ts";

export interface TableDump {
  readonly table: string;
  /** In the order of the copied fields. */
  readonly columns: readonly string[];
}

export interface Dump {
  readonly serverVersion: number;
  readonly migrations: readonly AppliedMigration[];
  readonly organizations: readonly string[];
  readonly tables: readonly TableDump[];
  /** Months (`2026-11`) whose content has tables of its own. Absent before there were any. */
  readonly months?: readonly string[] | undefined;
}

/**
 * Reads every table of ours as of one moment, while others write. The schema isn't copied: migrations make it again, so a
 * dump of one server and version loads into another.
 * @param instead SQL to copy in a column's stead, by table and column
 * @param take is given each table's rows, one chunk stream an organization, in PostgreSQL's COPY text format (a row is a line)
 */
export async function dump(client: ClientBase, take: (table: TableDump, rows: () => AsyncIterable<Readable>) => Promise<void>, instead: Readonly<Record<string, Readonly<Record<string, string>>>> = {}): Promise<Dump> {
  await client.query("BEGIN ISOLATION LEVEL REPEATABLE READ READ ONLY");
  try {
    const migrations = await applied(client);
    const { rows: versions } = await client.query<{ number: string }>("SELECT current_setting('server_version_num') AS number");
    await client.query("SELECT set_config('mandate.scope', 'installation', true)");
    const organizations = (await client.query<{ org: string }>("SELECT org FROM organization ORDER BY org")).rows.map((row) => row.org);
    await client.query("SELECT set_config('mandate.scope', '', true)");
    const tables = await tablesOf(client);
    for (const table of tables) {
      await take(table, async function* () {
        for (const org of organizations) {
          // Row security binds an ordinary owner too: it sees one organization at a time.
          await client.query("SELECT set_config('mandate.org', $1, true)", [org]);
          const fields = table.columns.map((column) => instead[table.table]?.[column] ?? `"${column}"`).join(", ");
          yield client.query(copyTo(`COPY (SELECT ${fields} FROM ${table.table} WHERE org = current_setting('mandate.org')) TO STDOUT`));
        }
      });
    }
    return { serverVersion: Number(versions[0]!.number), migrations, organizations, tables, months: await contentMonths(client) };
  } finally {
    await client.query("ROLLBACK").catch(() => undefined);
  }
}

/** Every table that carries an organization: the others are the server's or another program's. */
async function tablesOf(client: ClientBase): Promise<TableDump[]> {
  const { rows } = await client.query<{ table: string; columns: string[] }>(
    `SELECT c.oid::regclass::text AS table,
       array_agg(a.attname::text ORDER BY a.attnum) AS columns
     FROM pg_class c JOIN pg_namespace n ON n.oid = c.relnamespace
       JOIN pg_attribute a ON a.attrelid = c.oid AND a.attnum > 0 AND NOT a.attisdropped AND a.attgenerated = ''
     WHERE c.relkind IN ('r', 'p') AND NOT c.relispartition AND c.relrowsecurity AND n.nspname NOT LIKE 'pg\\_%' AND n.nspname <> 'information_schema'
     GROUP BY c.oid HAVING bool_or(a.attname = 'org') ORDER BY 1`,
  );
  return rows;
}
