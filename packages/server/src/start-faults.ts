import { AppError } from "@mandate/model";
import type { Configuration } from "./configuration.ts";

const fileCodes = new Set(["EACCES", "EPERM", "EROFS", "EEXIST", "ENOTDIR", "ENOSPC", "EDQUOT"]);

/**
 * Says what the person who starts it can do about a fault of the machine's: a database or folder that isn't theirs, a
 * master key of other data. Anything else passes unchanged.
 */
export function explainStartFault(error: unknown, { dataDir, databaseUrl }: Configuration): unknown {
  if (!(error instanceof Error)) return error;
  const { code, path } = error as NodeJS.ErrnoException;
  if (error instanceof AppError) {
    if (error.code !== "database.unavailable" || databaseUrl === null) return error;
    const reason = (error.cause as NodeJS.ErrnoException | undefined)?.code ?? "no answer in time";
    return told("database.unavailable", 503, `The database at ${hostOf(databaseUrl)} can't be reached (${reason}). Start it, or correct MANDATE_DATABASE_URL.`, error);
  }
  // SQLSTATE insufficient_privilege.
  if (code === "42501") {
    return told("database.refused", 500, `The database user lacks a right: ${error.message}. Let it own the database: ALTER DATABASE name OWNER TO user`, error);
  }
  if (code !== undefined && path !== undefined && fileCodes.has(code)) {
    return told("start.data_dir", 500, `Nothing can be written at ${path} (${code}). Make ${dataDir} a folder that this user may write in, or choose another with MANDATE_DATA_DIR.`, error);
  }
  // What AES-GCM says of a key that isn't the one it was sealed with.
  if (/unable to authenticate data/.test(error.message)) {
    return told("secrets.master_key", 500, "The master key doesn't open what was sealed here: it belongs to other data. Restore the right one from your backup, or point MANDATE_MASTER_KEY_FILE at it.", error);
  }
  return error;
}

/** Host and port alone: the address can hold a password. */
function hostOf(url: string): string {
  return URL.canParse(url) ? decodeURIComponent(new URL(url).host) : "MANDATE_DATABASE_URL";
}

function told(code: string, status: number, message: string, cause: Error): AppError {
  return new AppError({ code, status, message, cause });
}
