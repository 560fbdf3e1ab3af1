import { createHash, randomBytes } from "node:crypto";
import {
  chownSync,
  closeSync,
  fsyncSync,
  lstatSync,
  mkdirSync,
  openSync,
  readFileSync,
  renameSync,
  writeSync,
} from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { AppError } from "@mandate/model";
import type { Account } from "./account.ts";

export const superuser = "mandate";
export const databaseName = "mandate";

/** sun_path holds 108 bytes on Linux and 104 on macOS, the closing zero included. */
const maxSocketPathBytes = process.platform === "darwin" ? 103 : 107;

export interface SocketPlace {
  /** What the server is told. */
  readonly setting: string;
  /** Where clients look. */
  readonly directory: string;
}

/** The cluster's own directory, or a short private one when that path is too long for a socket. */
export function socketPlace(clusterDir: string, account: Account | null): SocketPlace {
  if (fits(clusterDir)) return { setting: ".", directory: clusterDir };
  const name = `mandate-${createHash("sha256").update(clusterDir).digest("hex").slice(0, 16)}`;
  const parent = fits(join(tmpdir(), name)) && process.platform !== "linux" ? tmpdir() : "/tmp";
  const directory = join(parent, name);
  try {
    mkdirSync(directory, { mode: 0o700 });
    if (account !== null) chownSync(directory, account.uid, account.gid);
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== "EEXIST") throw error;
  }
  const found = lstatSync(directory);
  const owner = account?.uid ?? process.getuid?.();
  // Anyone may make a name under /tmp first, and would receive our password.
  if (!found.isDirectory() || found.uid !== owner || (found.mode & 0o077) !== 0) {
    throw new AppError({
      code: "database.socket_taken",
      status: 500,
      message: `\`${directory}\` belongs to someone else. Remove it, or use a shorter data directory.`,
    });
  }
  return { setting: directory, directory };
}

function fits(directory: string): boolean {
  return Buffer.byteLength(join(directory, ".s.PGSQL.5432")) <= maxSocketPathBytes;
}

/** An address that `pg` and libpq both read; `encodeURIComponent` keeps the socket's directory in the host part. */
export function connectionUrl(directory: string, password: string, database: string = databaseName): string {
  return `postgresql://${superuser}:${password}@${encodeURIComponent(directory)}/${database}`;
}

/** The password in `<data dir>/database-url`, or undefined. Only that part counts: a moved directory keeps working. */
export function savedPassword(dataDir: string): string | undefined {
  try {
    return /^postgresql:\/\/mandate:([0-9a-zA-Z_-]{20,})@/.exec(
      readFileSync(join(dataDir, "database-url"), "utf8"),
    )?.[1];
  } catch {
    return undefined;
  }
}

export function newPassword(): string {
  return randomBytes(24).toString("base64url");
}

/** Mode 0600, replaced in one step, on disk before this returns. */
export function saveUrl(dataDir: string, url: string): void {
  const path = join(dataDir, "database-url");
  const partial = `${path}.new`;
  const file = openSync(partial, "w", 0o600);
  try {
    writeSync(file, `${url}\n`);
    fsyncSync(file);
  } finally {
    closeSync(file);
  }
  renameSync(partial, path);
}
