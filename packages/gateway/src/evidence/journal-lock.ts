import { readFileSync, rmSync, writeFileSync } from "node:fs";
import { join, resolve } from "node:path";
import { AppError } from "@mandate/model";

const lockFile = "journal.lock";
/** Directories that a journal of this process holds: for them its own pid in the file is no leftover. */
const held = new Set<string>();

/**
 * One writer a journal: two would fork the chain, and the next start would refuse what both wrote. The file names the
 * holder by pid and start time, so that what `kill -9` leaves behind never stands in the way, not even when the pid has
 * passed on to another program. It sees the processes of its own machine or container alone.
 * @returns releases the lock
 * @throws AppError `journal.in_use`
 */
export function lockJournal(directory: string): () => void {
  const key = resolve(directory);
  const path = join(key, lockFile);
  const mine = `${process.pid} ${startMark(process.pid)}\n`;
  if (held.has(key)) throw inUse(directory, process.pid);
  for (let attempt = 0; ; attempt++) {
    try {
      writeFileSync(path, mine, { flag: "wx", mode: 0o600 });
      break;
    } catch (error) {
      if ((error as NodeJS.ErrnoException).code !== "EEXIST") throw error;
      const holder = liveHolder(path);
      if (holder !== undefined || attempt === 3) throw inUse(directory, holder);
      rmSync(path, { force: true });
    }
  }
  // Two starts may both have found the same leftover; the one whose file was removed by the other steps back.
  if (read(path) !== mine) throw inUse(directory, liveHolder(path));
  held.add(key);
  return () => {
    held.delete(key);
    if (read(path) === mine) rmSync(path, { force: true });
  };
}

function inUse(directory: string, pid: number | undefined): AppError {
  return new AppError({
    code: "journal.in_use",
    status: 503,
    message: `Another process${pid === undefined ? "" : ` (${pid})`} writes the evidence journal in ${directory}. Stop it, or give this gateway a directory of its own.`,
  });
}

function liveHolder(path: string): number | undefined {
  const [pidText, mark = ""] = (read(path) ?? "").trim().split(" ");
  const pid = Number(pidText);
  if (!Number.isInteger(pid) || pid <= 0 || pid === process.pid || !isAlive(pid)) return undefined;
  return mark === startMark(pid) ? pid : undefined;
}

function read(path: string): string | undefined {
  try {
    return readFileSync(path, "utf8");
  } catch {
    return undefined;
  }
}

function isAlive(pid: number): boolean {
  try {
    process.kill(pid, 0);
    return true;
  } catch (error) {
    return (error as NodeJS.ErrnoException).code === "EPERM";
  }
}

/** Start time in clock ticks since boot (proc(5), field 22 of stat); empty where there is no /proc. */
function startMark(pid: number): string {
  const stat = read(`/proc/${pid}/stat`) ?? "";
  // The program's name, in parentheses, may itself hold spaces and parentheses.
  return stat.slice(stat.lastIndexOf(")") + 2).split(" ")[19] ?? "";
}
