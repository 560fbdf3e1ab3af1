import { setTimeout as delay } from "node:timers/promises";
import { sql } from "kysely";
import type { IsolationLevel } from "kysely";
import { AppError } from "@mandate/model";
import { isRetryable, translateDatabaseError } from "./errors.ts";
import type { Queries, Tx } from "./tables.ts";

export interface TransactionOptions {
  /** Default `read committed`. */
  readonly isolation?: IsolationLevel;
  readonly readOnly?: boolean;
}

const attempts = 6;

/**
 * Runs `work` again after a serialization failure or deadlock (40001, 40P01).
 * INVARIANT: `work` has no effect outside its transaction, because it can run more than once.
 */
export async function retrying<T>(work: () => Promise<T>): Promise<T> {
  for (let attempt = 1; ; attempt += 1) {
    try {
      return await work();
    } catch (error) {
      if (!isRetryable(error)) throw translateDatabaseError(error);
      if (attempt === attempts) {
        throw new AppError({
          code: "database.contention",
          status: 503,
          message: "Too many changes touched the same object at once, so nothing was changed. Try again.",
          internal: `gave up after ${attempts} serialization failures`,
          cause: error,
        });
      }
      await delay(2 ** attempt * (0.5 + Math.random()));
    }
  }
}

/** One transaction confined to `org`, retried on serialization failures. */
export function inOrganization<T>(
  db: Queries,
  org: string,
  work: (tx: Tx) => Promise<T>,
  options: TransactionOptions,
): Promise<T> {
  return scoped(db, "mandate.org", org, work, options);
}

/** A read-only look at which organizations exist; no other row is visible. */
export function inInstallation<T>(db: Queries, work: (tx: Tx) => Promise<T>): Promise<T> {
  return scoped(db, "mandate.scope", "installation", work, { readOnly: true });
}

function scoped<T>(
  db: Queries,
  setting: string,
  value: string,
  work: (tx: Tx) => Promise<T>,
  options: TransactionOptions,
): Promise<T> {
  return retrying(() => {
    let transaction = db.transaction().setIsolationLevel(options.isolation ?? "read committed");
    if (options.readOnly === true) transaction = transaction.setAccessMode("read only");
    return transaction.execute(async (tx) => {
      // Local to this transaction, so a pooled connection can't carry one organization's name into another's work.
      await sql`SELECT set_config(${setting}, ${value}, true)`.execute(tx);
      return work(tx);
    });
  });
}
