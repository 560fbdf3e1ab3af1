import { createHash } from "node:crypto";
import { closeSync, fsyncSync, mkdirSync, openSync, readFileSync, renameSync, rmSync, writeSync } from "node:fs";
import { join } from "node:path";

/** The newest checkpoint signed for each log, outliving a crash at any moment. */
export interface WitnessState {
  /** Signed note as the log sent it; undefined before the first. */
  read(origin: string): string | undefined;
  /** Durable when it returns: file and folder are flushed. */
  write(origin: string, note: string): void;
  close(): void;
}

/**
 * @param directory this witness's own
 * @throws Error when another process has it open: two writers could each sign one of two histories
 */
export function openWitnessState(directory: string): WitnessState {
  mkdirSync(directory, { recursive: true, mode: 0o700 });
  const lock = join(directory, "lock");
  takeLock(lock);
  const fileOf = (origin: string): string => join(directory, `${createHash("sha256").update(origin).digest("hex")}.checkpoint`);
  return {
    read(origin) {
      try {
        return readFileSync(fileOf(origin), "utf8");
      } catch (error) {
        if ((error as NodeJS.ErrnoException).code === "ENOENT") return undefined;
        throw error;
      }
    },
    write(origin, note) {
      const path = fileOf(origin);
      writeDurably(`${path}.new`, note);
      renameSync(`${path}.new`, path);
      flushFolder(directory);
    },
    close() {
      rmSync(lock, { force: true });
      held.delete(lock);
    },
  };
}

/** Locks of this process: its own number in a lock file is otherwise what a container's last life left behind. */
const held = new Set<string>();

/** The lock names its process; one whose process is gone is taken over. */
function takeLock(path: string): void {
  if (held.has(path)) throw new Error(`Another witness of this process uses ${path}.`);
  for (const isLastTry of [false, true]) {
    try {
      const file = openSync(path, "wx", 0o600);
      writeSync(file, `${process.pid}\n`);
      closeSync(file);
      held.add(path);
      return;
    } catch (error) {
      if ((error as NodeJS.ErrnoException).code !== "EEXIST") throw error;
      const holder = Number.parseInt(readFileSync(path, "utf8"), 10);
      if (isLastTry || (holder !== process.pid && isAlive(holder))) {
        throw new Error(`Another witness (process ${holder}) uses ${path}. Stop it first.`, { cause: error });
      }
      rmSync(path, { force: true });
    }
  }
}

function isAlive(pid: number): boolean {
  if (!Number.isInteger(pid) || pid <= 0) return false;
  try {
    process.kill(pid, 0);
    return true;
  } catch (error) {
    return (error as NodeJS.ErrnoException).code === "EPERM";
  }
}

export function writeDurably(path: string, text: string): void {
  const file = openSync(path, "w", 0o600);
  try {
    writeSync(file, text);
    fsyncSync(file);
  } finally {
    closeSync(file);
  }
}

/** Without it a rename can be lost with the power. Windows has no such flush and needs none. */
export function flushFolder(directory: string): void {
  if (process.platform === "win32") return;
  const folder = openSync(directory, "r");
  try {
    fsyncSync(folder);
  } finally {
    closeSync(folder);
  }
}
