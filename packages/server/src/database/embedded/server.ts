import type { ChildProcess } from "node:child_process";
import { closeSync, openSync, renameSync, statSync } from "node:fs";
import { join } from "node:path";
import { setTimeout as delay } from "node:timers/promises";
import { AppError } from "@mandate/model";
import type { Account } from "./account.ts";
import type { SocketPlace } from "./address.ts";
import { spawnOnDirectory } from "./cluster.ts";
import type { Engine } from "./engine.ts";
import { livePostmaster, postmasterStatus, removeStaleLocks } from "./lock-files.ts";
import { isPostgres } from "./processes.ts";

export interface ServerPlace {
  readonly dataDir: string;
  readonly clusterDir: string;
  readonly socket: SocketPlace;
  readonly engine: Engine;
  readonly account: Account | null;
}

/** A running server, ours by birth or by adoption. */
export interface RunningServer {
  readonly pid: number;
  readonly adopted: boolean;
  /** Resolves when the process is gone, for whatever reason. */
  readonly gone: Promise<void>;
}

/** On the command line they outrank every file and `ALTER SYSTEM`. */
const settings = {
  listen_addresses: "",
  unix_socket_permissions: "0700",
  port: "5432",
  fsync: "on",
  full_page_writes: "on",
  synchronous_commit: "on",
  max_connections: "60",
  // A query that names no time opens every month's table and its indexes.
  max_locks_per_transaction: "256",
  shared_buffers: "128MB",
  max_wal_size: "1GB",
  wal_compression: "on",
  // /dev/shm is often tiny in a container, and no query of ours gains from parallel workers.
  max_parallel_workers_per_gather: "0",
  jit: "off",
  log_timezone: "UTC",
  timezone: "UTC",
  log_checkpoints: "off",
  log_min_messages: "warning",
  // Statements can carry content.
  log_min_error_statement: "panic",
  log_parameter_max_length_on_error: "0",
};

/** Recovery after a crash replays the write-ahead log first. */
const readyWithinMs = 120_000;
const maxLogBytes = 8 * 1024 * 1024;

/** Adopts the live server of this cluster or starts one; resolves when it accepts connections. */
export async function startServer(place: ServerPlace): Promise<RunningServer> {
  const deadline = Date.now() + readyWithinMs;
  while (Date.now() < deadline) {
    const living = livePostmaster(place.clusterDir);
    if (living !== undefined) {
      const status = postmasterStatus(place.clusterDir);
      if (status === "ready") return { pid: living, adopted: true, gone: untilGone(living) };
      await delay(50);
      continue;
    }
    removeStaleLocks(place.clusterDir, place.socket.directory);
    const child = launch(place);
    const gone = new Promise<void>((resolve) => {
      child.once("exit", () => resolve());
      child.once("error", () => resolve());
    });
    if (await untilReady(place, child, deadline)) return { pid: child.pid!, adopted: false, gone };
    // Backends of a killed server hold its memory for a moment; the next attempt finds them gone.
    await delay(200);
    if (Date.now() > deadline - readyWithinMs + 15_000 && child.exitCode !== null) break;
  }
  throw new AppError({
    code: "database.start_failed",
    status: 500,
    message: `The embedded database didn't start. Its own words are in ${join(place.dataDir, "postgres.log")}.`,
  });
}

function launch(place: ServerPlace): ChildProcess {
  const logPath = join(place.dataDir, "postgres.log");
  if ((statSync(logPath, { throwIfNoEntry: false })?.size ?? 0) > maxLogBytes) renameSync(logPath, `${logPath}.1`);
  const log = openSync(logPath, "a", 0o600);
  try {
    const options = Object.entries({ ...settings, unix_socket_directories: place.socket.setting }).flatMap(
      ([name, value]) => ["-c", `${name}=${value}`],
    );
    return spawnOnDirectory(
      place.engine.postgres,
      place.clusterDir,
      (path) => ["-D", path, ...options],
      place.account,
      log,
    );
  } finally {
    closeSync(log);
  }
}

async function untilReady(place: ServerPlace, child: ChildProcess, deadline: number): Promise<boolean> {
  let failed = false;
  child.once("error", () => (failed = true));
  while (Date.now() < deadline) {
    if (failed || child.exitCode !== null || child.signalCode !== null) return false;
    if (livePostmaster(place.clusterDir) === child.pid && postmasterStatus(place.clusterDir) === "ready") return true;
    await delay(20);
  }
  child.kill("SIGKILL");
  return false;
}

async function untilGone(pid: number): Promise<void> {
  while (isPostgres(pid)) await new Promise<void>((resolve) => setTimeout(resolve, 250).unref());
}

/** Fast shutdown: sessions end, everything is flushed. Immediate after `withinMs`: the log then replays at the next start. */
export async function stopServer(server: RunningServer, withinMs: number): Promise<void> {
  signal(server.pid, "SIGINT");
  const stopped = await Promise.race([server.gone.then(() => true), delay(withinMs, false, { ref: false })]);
  if (stopped) return;
  signal(server.pid, "SIGQUIT");
  await Promise.race([server.gone, delay(2_000, undefined, { ref: false })]);
}

export function signal(pid: number, name: NodeJS.Signals): void {
  try {
    if (isPostgres(pid)) process.kill(pid, name);
  } catch {
    // Gone in between.
  }
}
