import { createHash } from "node:crypto";
import { readdir, readFile } from "node:fs/promises";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { AppError } from "@mandate/model";
import type { ClientBase } from "pg";

export interface Migration {
  readonly number: number;
  /** `verb_noun` of the file name. */
  readonly name: string;
  readonly sql: string;
  /** Hex SHA-256 of the file with line ends as `\n`, so that a checkout on another system compares equal. */
  readonly sha256: string;
}

/** The folder that comes with this package. */
export const shippedMigrations: string = fileURLToPath(new URL("../../migrations", import.meta.url));

const fileName = /^(\d{4})_([a-z0-9]+(?:_[a-z0-9]+)+)\.sql$/;

/** Reads `NNNN_verb_noun.sql` files in order. Throws AppError `database.migration_name` for any other name. */
export async function readMigrations(directory: string): Promise<Migration[]> {
  const migrations: Migration[] = [];
  for (const file of (await readdir(directory)).sort()) {
    const match = fileName.exec(file);
    if (match === null) {
      throw broken(
        "database.migration_name",
        `\`${file}\` in the migrations folder isn't named NNNN_verb_noun.sql. Rename or remove it.`,
      );
    }
    const number = Number(match[1]);
    if (migrations.at(-1)?.number === number) {
      throw broken("database.migration_name", `Two migrations have the number ${match[1]}. Give one of them another.`);
    }
    const sql = (await readFile(join(directory, file), "utf8")).replaceAll("\r\n", "\n");
    migrations.push({ number, name: match[2]!, sql, sha256: createHash("sha256").update(sql).digest("hex") });
  }
  return migrations;
}

/**
 * Brings the schema up to date; forward only. Each migration commits alone, under a lock on the list of migrations, so
 * that two starters take turns and the second finds the work done.
 * Throws AppError `database.migration_altered`, `database.newer_schema` or `database.migration_failed`.
 * @returns the numbers applied now
 */
export async function migrate(client: ClientBase, migrations: readonly Migration[]): Promise<number[]> {
  await createList(client);
  checkApplied(await applied(client), migrations);
  const done: number[] = [];
  for (const migration of migrations) {
    await client.query("BEGIN");
    try {
      await client.query("SET LOCAL lock_timeout = '120s'");
      await client.query("SET LOCAL statement_timeout = '0'");
      await client.query("LOCK TABLE mandate_migration IN ACCESS EXCLUSIVE MODE");
      const before = await applied(client);
      checkApplied(before, migrations);
      if (!before.some((row) => row.number === migration.number)) {
        await client.query(migration.sql);
        await client.query("INSERT INTO mandate_migration (number, name, sha256) VALUES ($1, $2, $3)", [
          migration.number,
          migration.name,
          migration.sha256,
        ]);
        done.push(migration.number);
      }
      await client.query("COMMIT");
    } catch (error) {
      await client.query("ROLLBACK").catch(() => {});
      if (error instanceof AppError) throw error;
      const detail = error instanceof Error ? error.message : String(error);
      throw broken(
        "database.migration_failed",
        `Migration ${migration.number} (${migration.name}) failed and changed nothing: ${detail}`,
        error,
      );
    }
  }
  return done;
}

export interface AppliedMigration {
  readonly number: number;
  readonly name: string;
  readonly sha256: string;
}

/** What ran in this database. */
export async function applied(client: ClientBase): Promise<AppliedMigration[]> {
  return (await client.query<AppliedMigration>("SELECT number, name, sha256 FROM mandate_migration ORDER BY number"))
    .rows;
}

async function createList(client: ClientBase): Promise<void> {
  const create = `CREATE TABLE IF NOT EXISTS mandate_migration (
    number integer PRIMARY KEY, name text NOT NULL, sha256 text NOT NULL, applied_at timestamptz NOT NULL DEFAULT now())`;
  try {
    await client.query(create);
  } catch {
    // Two starters can collide inside CREATE TABLE IF NOT EXISTS (its check and its insert into pg_class are apart);
    // whoever lost finds the table on the second try, and any other cause shows then.
    await client.query(create);
  }
}

/** Throws AppError `database.newer_schema` or `database.migration_altered`. */
export function checkApplied(rows: readonly AppliedMigration[], migrations: readonly Migration[]): void {
  for (const row of rows) {
    const known = migrations.find((migration) => migration.number === row.number);
    if (known === undefined) {
      throw broken(
        "database.newer_schema",
        `The database was migrated by another release (${row.number}, ${row.name}), which this one doesn't know. Start that release or a later one.`,
      );
    }
    if (known.sha256 !== row.sha256) {
      throw broken(
        "database.migration_altered",
        `Migration ${row.number} (${row.name}) was applied with other contents than the file has now. Restore the file; a correction belongs in a new migration.`,
      );
    }
  }
}

function broken(code: string, message: string, cause?: unknown): AppError {
  return new AppError({ code, status: 500, message, cause });
}
