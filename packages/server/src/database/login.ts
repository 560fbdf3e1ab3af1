import { readFile } from "node:fs/promises";
import { join } from "node:path";
import { AppError } from "@mandate/model";
import { Client } from "pg";
import { startEmbedded } from "./embedded/index.ts";
import { translateDatabaseError } from "./errors.ts";
import { defaultLimits } from "./pool.ts";
import type { PoolLimits } from "./pool.ts";

export interface StorePlace {
  /** An outside PostgreSQL; null: the embedded one of `dataDir`. */
  readonly url: string | null;
  readonly dataDir: string;
}

/**
 * One connection to the store as it stands, with the login's own rights and without time limits: nothing is migrated. An
 * embedded server that runs is shared, one that doesn't is started for the while.
 */
export async function withLogin<T>({ url, dataDir }: StorePlace, work: (client: Client) => Promise<T>): Promise<T> {
  const asked = url ?? (await runningUrl(dataDir));
  if (asked !== undefined) return within(asked, work);
  const embedded = await startEmbedded({ dataDir, onNotice: () => undefined });
  try {
    return await within(embedded.url, work);
  } finally {
    await embedded.stop();
  }
}

/** Ends the embedded server in order, also one that a killed process left. Throws AppError `database.in_use` when somebody uses it. */
export async function settleEmbedded(dataDir: string): Promise<void> {
  try {
    await (await startEmbedded({ dataDir, onNotice: () => undefined })).stop();
  } catch (error) {
    // One that can't even start needs no ending.
    if (error instanceof AppError && error.code === "database.in_use") throw error;
  }
}

async function within<T>(url: string, work: (client: Client) => Promise<T>): Promise<T> {
  const client = await connect(url, defaultLimits);
  try {
    await client.query("SET statement_timeout = 0; SET lock_timeout = 0; SET idle_in_transaction_session_timeout = 0");
    return await work(client);
  } catch (error) {
    throw translateDatabaseError(error);
  } finally {
    await client.end().catch(() => {});
  }
}

/** The embedded server's address when it answers there. */
async function runningUrl(dataDir: string): Promise<string | undefined> {
  const url = (await readFile(join(dataDir, "database-url"), "utf8").catch(() => "")).trim();
  if (url === "") return undefined;
  try {
    await (await connect(url, defaultLimits)).end();
    return url;
  } catch (error) {
    if (error instanceof AppError && error.code === "database.unavailable") return undefined;
    throw error;
  }
}

/** One connection with the login's own rights. Throws AppError `database.unavailable`, `database.url` or `database.refused`. */
export async function connect(url: string, limits: PoolLimits): Promise<Client> {
  let client: Client;
  try {
    client = new Client({
      connectionString: url,
      connectionTimeoutMillis: limits.connectTimeoutMs,
      application_name: "mandate setup",
      options: "-c timezone=UTC",
    });
  } catch (cause) {
    // The address can hold a password: it stays out of the message.
    throw new AppError({
      code: "database.url",
      status: 500,
      message: "The database address can't be read. Write it as postgresql://user:password@host:5432/name.",
      cause,
    });
  }
  client.on("error", () => {});
  try {
    await client.connect();
    return client;
  } catch (error) {
    const translated = translateDatabaseError(error);
    if (translated instanceof AppError) throw translated;
    const reason = error instanceof Error ? error.message : "no reason given";
    throw new AppError({
      code: "database.refused",
      status: 500,
      message: `The database refused the connection: ${reason}. Check the user, password and database in MANDATE_DATABASE_URL.`,
      cause: error,
    });
  }
}
