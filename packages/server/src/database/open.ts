import { Kysely, PostgresDialect } from "kysely";
import type { RawBuilder } from "kysely";
import type { Client, Pool } from "pg";
import { AppError } from "@mandate/model";
import { startEmbedded } from "./embedded/index.ts";
import type { EmbeddedServer } from "./embedded/index.ts";
import { translateDatabaseError } from "./errors.ts";
import { connect } from "./login.ts";
import { migrate, readMigrations, shippedMigrations } from "./migrate.ts";
import { defaultLimits, openPool, poolConfig } from "./pool.ts";
import type { PoolLimits } from "./pool.ts";
import { keepPartitions } from "./partitions.ts";
import { shredTables } from "./shred.ts";
import { checkVersion, grantTables, prepareRole } from "./role.ts";
import type { CoreTables, Tx } from "./tables.ts";
import { inInstallation, inOrganization, retrying } from "./transaction.ts";
import type { TransactionOptions } from "./transaction.ts";

export interface DatabaseOptions {
  /** An outside PostgreSQL 15 or later. Without it the embedded server runs in `dataDir`. */
  readonly url?: string;
  readonly dataDir?: string;
  /** Default: the folder shipped with this package. */
  readonly migrationsDir?: string;
  readonly limits?: Partial<PoolLimits>;
  /** One line about what happens: first start, adoption, restart after a crash. */
  readonly onNotice?: (line: string) => void;
  /** Package that carries the server's binaries; tests name the older major's. */
  readonly enginePackage?: string;
}

export interface Database {
  /** `server_version_num`, for example 180004. */
  readonly serverVersion: number;
  /** Numbers of the migrations that this start applied. */
  readonly migrated: readonly number[];
  /** Commits what `work` did in this organization, or nothing. Retried on 40001; see `retrying`. */
  transaction<T>(org: string, work: (tx: Tx) => Promise<T>, options?: TransactionOptions): Promise<T>;
  /** Read-only transaction in this organization. */
  read<T>(org: string, work: (tx: Tx) => Promise<T>, options?: TransactionOptions): Promise<T>;
  /**
   * One statement that names its organization itself, by a function of ours: a transaction of its own, in one way to the
   * server instead of four. Any other statement sees no row. Retried like `transaction`.
   */
  statement<T>(query: RawBuilder<T>): Promise<readonly T[]>;
  organizations(): Promise<{ org: string; name: string }[]>;
  /** The organization called `name`, created with `id` when there is none. */
  ensureOrganization(organization: {
    id: string;
    name: string;
    now: Date;
  }): Promise<{ org: string; name: string; created: boolean }>;
  /** Rejects with AppError `database.unavailable` when the server can't be asked. */
  ping(): Promise<void>;
  /**
   * Rewrites tables whose rows were destroyed and overwrites the log that brought them, as the login's own rights allow,
   * so that the bytes leave the server's files as well. Locks each table while it is rewritten.
   * @returns false where the login may not do all of it
   */
  shred(tables: readonly string[]): Promise<boolean>;
  /**
   * Makes the tables of the coming months where they are missing (`partitions.ts`); whatever can't be made now waits.
   * @param now a moment that counts as today
   * @returns their names
   */
  keepPartitions(now?: Date): Promise<string[]>;
  /** Ends connections, then the embedded server if this start runs it. */
  close(): Promise<void>;
}

/**
 * Opens the store of record: starts or adopts the embedded server, checks the version, migrates, and opens a pool whose
 * queries are bound by row security.
 * Throws AppError `database.*`: unreachable, too old, altered or unknown migrations, data directory in use.
 */
export async function openDatabase(options: DatabaseOptions): Promise<Database> {
  const limits: PoolLimits = { ...defaultLimits, ...options.limits };
  const embedded = options.url === undefined ? await startServer(options) : null;
  const url = embedded?.url ?? options.url!;
  let pool: Pool | undefined;
  try {
    const prepared = await prepare(url, options.migrationsDir ?? shippedMigrations, limits);
    pool = openPool(poolConfig(url, limits, prepared.role));
    const kysely = new Kysely<CoreTables>({ dialect: new PostgresDialect({ pool }) });
    return assemble(kysely, embedded, prepared.version, prepared.migrated, () => connect(url, { ...limits, statementTimeoutMs: 0 }));
  } catch (error) {
    await pool?.end();
    await embedded?.stop();
    throw error;
  }
}

function startServer(options: DatabaseOptions): Promise<EmbeddedServer> {
  if (options.dataDir === undefined) {
    throw new AppError({
      code: "database.no_place",
      status: 500,
      message: "Neither a database URL nor a data directory was given. Set MANDATE_DATABASE_URL or MANDATE_DATA_DIR.",
    });
  }
  return startEmbedded({
    dataDir: options.dataDir,
    enginePackage: options.enginePackage,
    onNotice: options.onNotice ?? (() => {}),
  });
}

/** Everything that needs the login's own rights, on one connection that is closed before the pool opens. */
async function prepare(
  url: string,
  migrationsDir: string,
  limits: PoolLimits,
): Promise<{ version: number; role: string | null; migrated: number[] }> {
  const migrations = await readMigrations(migrationsDir);
  const client = await connect(url, limits);
  try {
    const version = await checkVersion(client);
    const role = await prepareRole(client);
    const migrated = await migrate(client, migrations);
    // A database migrated by another folder than ours has none of these tables.
    if (migrations.some(({ name }) => name === "partition_by_month")) await keepPartitions(client);
    if (role !== null) await grantTables(client, role);
    return { version, role, migrated };
  } catch (error) {
    throw translateDatabaseError(error);
  } finally {
    await client.end().catch(() => {});
  }
}

function assemble(
  kysely: Kysely<CoreTables>,
  embedded: EmbeddedServer | null,
  serverVersion: number,
  migrated: number[],
  asLogin: () => Promise<Client>,
): Database {
  const organizations = (): Promise<{ org: string; name: string }[]> =>
    inInstallation(kysely, (tx) => tx.selectFrom("organization").select(["org", "name"]).orderBy("org").execute());
  return {
    serverVersion,
    migrated,
    transaction: (org, work, options = {}) => inOrganization(kysely, org, work, options),
    read: (org, work, options = {}) => inOrganization(kysely, org, work, { ...options, readOnly: true }),
    statement: (query) => retrying(async () => (await query.execute(kysely)).rows),
    organizations,
    async ensureOrganization({ id, name, now }) {
      const existing = (await organizations()).find((organization) => organization.name === name);
      if (existing !== undefined) return { ...existing, created: false };
      await inOrganization(
        kysely,
        id,
        async (tx) => void (await tx.insertInto("organization").values({ org: id, name, created_at: now }).execute()),
        {},
      );
      return { org: id, name, created: true };
    },
    shred: (tables) => withClient(asLogin, (client) => shredTables(client, tables)),
    keepPartitions: (now) => withClient(asLogin, (client) => keepPartitions(client, now)),
    ping: () => inInstallation(kysely, async () => {}),
    async close() {
      await kysely.destroy();
      await embedded?.stop();
    },
  };
}

async function withClient<T>(open: () => Promise<Client>, work: (client: Client) => Promise<T>): Promise<T> {
  const client = await open();
  try {
    return await work(client);
  } finally {
    await client.end().catch(() => {});
  }
}
