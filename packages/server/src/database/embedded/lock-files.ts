import { closeSync, openSync, readFileSync, realpathSync, rmSync, writeSync } from "node:fs";
import { join } from "node:path";
import { AppError } from "@mandate/model";
import { isAlive, isPostgres, startMark, workingDirectory } from "./processes.ts";

/** @returns the pid of a live server of this cluster, from its postmaster.pid */
export function livePostmaster(clusterDir: string): number | undefined {
  const pid = firstNumber(join(clusterDir, "postmaster.pid"));
  if (pid === undefined || !isPostgres(pid)) return undefined;
  const directory = workingDirectory(pid);
  // A pid can have passed on to the server of another cluster.
  return directory === null || directory === realpathSync(clusterDir) ? pid : undefined;
}

/** `starting`, `ready`, `stopping`, or undefined while the file is being written. */
export function postmasterStatus(clusterDir: string): string | undefined {
  try {
    return readFileSync(join(clusterDir, "postmaster.pid"), "utf8").split("\n")[7]?.trim();
  } catch {
    return undefined;
  }
}

/**
 * PostgreSQL refuses to start when the pid in a left lock file is alive under the same account, whatever program it is
 * now: after a restart in a container, small pids are reused at once. Call only when no live server was found.
 */
export function removeStaleLocks(clusterDir: string, socketDirectory: string): void {
  for (const path of [join(clusterDir, "postmaster.pid"), join(socketDirectory, ".s.PGSQL.5432.lock")]) {
    const pid = firstNumber(path);
    if (pid !== undefined && isAlive(pid) && livePostmaster(clusterDir) === undefined) rmSync(path, { force: true });
  }
}

function firstNumber(path: string): number | undefined {
  try {
    const pid = Number.parseInt(readFileSync(path, "utf8"), 10);
    return Number.isInteger(pid) && pid > 0 ? pid : undefined;
  } catch {
    return undefined;
  }
}

/**
 * One Mandate a data directory: two would both adopt the server and both write the same logs.
 * Throws AppError `database.in_use`.
 * @returns releases the claim
 */
export function claimDataDirectory(dataDir: string): () => void {
  const path = join(dataDir, "mandate.pid");
  const mine = `${process.pid} ${startMark(process.pid) ?? ""}\n`;
  for (let attempt = 0; ; attempt += 1) {
    try {
      const file = openSync(path, "wx", 0o600);
      writeSync(file, mine);
      closeSync(file);
      return () => rmSync(path, { force: true });
    } catch (error) {
      if ((error as NodeJS.ErrnoException).code !== "EEXIST") throw error;
      const holder = holderOf(path);
      if (holder !== undefined || attempt === 3) {
        throw new AppError({
          code: "database.in_use",
          status: 500,
          message: `Another Mandate (process ${holder ?? "unknown"}) uses ${dataDir}. Stop it, or choose another MANDATE_DATA_DIR.`,
        });
      }
      rmSync(path, { force: true });
    }
  }
}

function holderOf(path: string): number | undefined {
  let text: string;
  try {
    text = readFileSync(path, "utf8");
  } catch {
    return undefined;
  }
  const [pidText, mark] = text.trim().split(" ");
  const pid = Number(pidText);
  if (!Number.isInteger(pid) || pid <= 0 || !isAlive(pid)) return undefined;
  return mark === undefined || mark === (startMark(pid) ?? "") ? pid : undefined;
}
