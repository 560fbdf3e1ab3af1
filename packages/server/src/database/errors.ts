import { AppError } from "@mandate/model";

/** Node's codes for a server that isn't there, or went away. */
const socketCodes = new Set([
  "ECONNREFUSED",
  "ENOENT",
  "ECONNRESET",
  "EPIPE",
  "ETIMEDOUT",
  "ENOTFOUND",
  "EAI_AGAIN",
  "EHOSTUNREACH",
  "ENETUNREACH",
]);
/** Admin shutdown, crash shutdown, cannot connect now, too many connections. */
const serverStates = new Set(["57P01", "57P02", "57P03", "53300"]);
/** `pg` raises these without a code. */
const driverTexts =
  /connection terminated|timeout exceeded when trying to connect|client has encountered a connection error|query read timeout|not queryable/i;

function codeOf(error: unknown): string | undefined {
  if (typeof error !== "object" || error === null || !("code" in error)) return undefined;
  return typeof error.code === "string" ? error.code : undefined;
}

/** True when the database could not be asked at all, as opposed to having answered with an error. */
export function isUnavailable(error: unknown): boolean {
  if (error instanceof AppError) return error.code === "database.unavailable";
  const code = codeOf(error);
  if (code !== undefined && (socketCodes.has(code) || serverStates.has(code) || code.startsWith("08"))) return true;
  return error instanceof Error && driverTexts.test(error.message);
}

/** Serialization failure or deadlock: the transaction left no trace and may run again. */
export function isRetryable(error: unknown): boolean {
  const code = codeOf(error);
  return code === "40001" || code === "40P01";
}

/** SQLSTATE 23505. */
export function isUniqueViolation(error: unknown): boolean {
  return codeOf(error) === "23505";
}

/** Statement or lock took longer than its limit, or our own process was too slow to go on. The transaction left no trace. */
const slowStates = new Set(["57014", "55P03", "25P03"]);

/**
 * Turns "could not ask" into AppError `database.unavailable` (503), "took too long" into `database.busy` (503); anything
 * else passes unchanged.
 */
export function translateDatabaseError(error: unknown): unknown {
  if (error instanceof AppError) return error;
  const state = codeOf(error);
  if (state !== undefined && slowStates.has(state)) {
    return new AppError({
      code: "database.busy",
      status: 503,
      message: "The database took too long, so nothing was changed. Try again; if it stays so, change less at once.",
      internal: `database busy: ${state} ${error instanceof Error ? error.message : String(error)}`,
      cause: error,
    });
  }
  if (!isUnavailable(error)) return error;
  return new AppError({
    code: "database.unavailable",
    status: 503,
    message: "The database can't be reached, so nothing was changed. Try again in a few seconds.",
    internal: `database unavailable: ${error instanceof Error ? error.message : String(error)}`,
    cause: error,
  });
}
