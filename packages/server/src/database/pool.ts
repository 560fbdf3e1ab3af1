import { Pool } from "pg";
import type { PoolClient, PoolConfig } from "pg";
import { translateDatabaseError } from "./errors.ts";

export interface PoolLimits {
  readonly maxConnections: number;
  /** Waiting for a connection, whether new or from the pool. */
  readonly connectTimeoutMs: number;
  readonly statementTimeoutMs: number;
  readonly lockTimeoutMs: number;
  /** A transaction that holds locks while its owner thinks. */
  readonly idleInTransactionTimeoutMs: number;
}

export const defaultLimits: PoolLimits = {
  maxConnections: 12,
  connectTimeoutMs: 5_000,
  statementTimeoutMs: 30_000,
  lockTimeoutMs: 10_000,
  idleInTransactionTimeoutMs: 60_000,
};

/**
 * Settings travel in the start packet, so that a connection is never used before they hold.
 * `role` drops the rights of a login that could walk past row security.
 */
export function poolConfig(url: string, limits: PoolLimits, role: string | null): PoolConfig {
  const settings = [
    ...(role === null ? [] : [`role=${role}`]),
    "timezone=UTC",
    `statement_timeout=${limits.statementTimeoutMs}`,
    `lock_timeout=${limits.lockTimeoutMs}`,
    `idle_in_transaction_session_timeout=${limits.idleInTransactionTimeoutMs}`,
    // An acknowledged record is on disk, whatever the server's own default says (G3).
    "synchronous_commit=on",
  ];
  return {
    connectionString: url,
    application_name: "mandate",
    max: limits.maxConnections,
    connectionTimeoutMillis: limits.connectTimeoutMs,
    // The server's own limit ends a slow statement; this one ends waiting on a server that no longer answers.
    query_timeout: limits.statementTimeoutMs + 5_000,
    idleTimeoutMillis: 30_000,
    keepAlive: true,
    options: settings.map((setting) => `-c ${setting}`).join(" "),
  };
}

/**
 * A `pg` pool in which a lost database is AppError `database.unavailable` (503) and never an unhandled event.
 * Reconnecting needs nothing: the pool drops broken connections and opens new ones.
 */
export function openPool(config: PoolConfig): Pool {
  const pool = new TranslatingPool(config);
  // An idle connection that breaks is not anyone's query; the next query opens another.
  pool.on("error", () => {});
  return pool;
}

const translated = new WeakSet<PoolClient>();

class TranslatingPool extends Pool {
  override connect(): Promise<PoolClient>;
  override connect(
    callback: (
      error: Error | undefined,
      client: PoolClient | undefined,
      done: (release?: boolean | Error) => void,
    ) => void,
  ): void;
  override connect(
    callback?: (
      error: Error | undefined,
      client: PoolClient | undefined,
      done: (release?: boolean | Error) => void,
    ) => void,
  ): Promise<PoolClient> | void {
    if (callback !== undefined) return super.connect(callback);
    return super.connect().then(translateClient, (error: unknown) => {
      throw translateDatabaseError(error);
    });
  }
}

/** `query` keeps its identity otherwise: callers of the promise form see translated errors. */
function translateClient(client: PoolClient): PoolClient {
  if (translated.has(client)) return client;
  translated.add(client);
  // A connection lost while checked out rejects its query; the event itself has no one else to go to.
  client.on("error", () => {});
  const original: (...parameters: unknown[]) => unknown = client.query.bind(client);
  const query = (...parameters: unknown[]): unknown => {
    const result = original(...parameters);
    if (!(result instanceof Promise)) return result;
    return result.catch((error: unknown) => {
      throw translateDatabaseError(error);
    });
  };
  Object.defineProperty(client, "query", { value: query, configurable: true, writable: true });
  return client;
}
