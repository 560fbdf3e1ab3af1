import { chmodSync, mkdirSync, realpathSync } from "node:fs";
import { rmdir } from "node:fs/promises";
import { join } from "node:path";
import { setTimeout as delay } from "node:timers/promises";
import { Client } from "pg";
import { chooseAccount } from "./account.ts";
import { connectionUrl, databaseName, newPassword, savedPassword, saveUrl, socketPlace, superuser } from "./address.ts";
import { ensureCluster } from "./cluster.ts";
import { prepareEngine } from "./engine.ts";
import { claimDataDirectory } from "./lock-files.ts";
import { resetPassword } from "./password.ts";
import { signal, startServer, stopServer } from "./server.ts";
import type { RunningServer, ServerPlace } from "./server.ts";

export interface EmbeddedOptions {
  readonly dataDir: string;
  readonly enginePackage?: string | undefined;
  readonly onNotice: (line: string) => void;
}

export interface EmbeddedServer {
  /** The superuser's address, as in `<data dir>/database-url`. */
  readonly url: string;
  readonly pid: () => number | undefined;
  readonly adopted: boolean;
  stop(): Promise<void>;
}

const firstBackoffMs = 100;
const longestBackoffMs = 10_000;
const stopWithinMs = 6_000;

/** Makes, starts or adopts the embedded server, and keeps it running until `stop`. Throws AppError `database.*`. */
export async function startEmbedded(options: EmbeddedOptions): Promise<EmbeddedServer> {
  mkdirSync(options.dataDir, { recursive: true, mode: 0o700 });
  const dataDir = realpathSync(options.dataDir);
  const release = claimDataDirectory(dataDir);
  try {
    const { place, url } = await prepare(dataDir, options);
    const server = await startServer(place);
    options.onNotice(server.adopted ? "adopted the database server that was still running" : "database server started");
    const kept = keepRunning(place, server, options.onNotice);
    try {
      await ensureDatabase(place, url);
    } catch (error) {
      await kept.stop();
      throw error;
    }
    return {
      url,
      pid: kept.pid,
      adopted: server.adopted,
      async stop() {
        await kept.stop();
        // A short socket directory of ours is empty now; the cluster's own never is.
        if (place.socket.directory !== place.clusterDir) await rmdir(place.socket.directory).catch(() => {});
        release();
      },
    };
  } catch (error) {
    release();
    throw error;
  }
}

async function prepare(dataDir: string, options: EmbeddedOptions): Promise<{ place: ServerPlace; url: string }> {
  const clusterDir = join(dataDir, "postgres");
  const account = chooseAccount(clusterDir);
  const engine = prepareEngine(dataDir, account, options.enginePackage);
  const saved = savedPassword(dataDir);
  const password = saved ?? newPassword();
  // Its directory must exist to be named; the socket itself comes later.
  const socket = socketPlace(clusterDir, account);
  const url = connectionUrl(socket.directory, password);
  const made = await ensureCluster(clusterDir, engine, account, password, () => saveUrl(dataDir, url));
  chmodSync(clusterDir, 0o700);
  const place = { dataDir, clusterDir, socket, engine, account };
  if (made) options.onNotice("made a new database");
  else if (saved === undefined) await resetPassword(place, password);
  saveUrl(dataDir, url);
  return { place, url };
}

async function ensureDatabase(place: ServerPlace, url: string): Promise<void> {
  const password = new URL(url.replace(/^postgresql:/, "http:").replace(/@[^/]*/, "@localhost")).password;
  const client = new Client({
    connectionString: connectionUrl(place.socket.directory, password, "postgres"),
    connectionTimeoutMillis: 10_000,
  });
  await client.connect();
  try {
    const { rowCount } = await client.query("SELECT FROM pg_database WHERE datname = $1", [databaseName]);
    if (rowCount === 0) await client.query(`CREATE DATABASE ${databaseName} OWNER ${superuser} TEMPLATE template0`);
  } finally {
    await client.end();
  }
}

interface KeptServer {
  readonly pid: () => number | undefined;
  stop(): Promise<void>;
}

/** Restarts a server that ended without being asked, waiting longer each time it does so again. */
function keepRunning(place: ServerPlace, first: RunningServer, onNotice: (line: string) => void): KeptServer {
  let current: RunningServer | undefined = first;
  let stopping = false;
  const ended = new AbortController();
  const onExit = (): void => {
    if (current !== undefined) signal(current.pid, "SIGINT");
  };
  // A normal end of this process that skipped `stop` doesn't leave the server behind.
  process.on("exit", onExit);

  const watch = async (): Promise<void> => {
    let backoffMs = firstBackoffMs;
    while (!stopping) {
      const startedAt = Date.now();
      await current?.gone;
      if (stopping) return;
      current = undefined;
      if (Date.now() - startedAt > 60_000) backoffMs = firstBackoffMs;
      onNotice(`database server ended unexpectedly; starting it again in ${backoffMs} ms`);
      await delay(backoffMs, undefined, { signal: ended.signal }).catch(() => {});
      backoffMs = Math.min(backoffMs * 2, longestBackoffMs);
      if (stopping) return;
      try {
        current = await startServer(place);
        onNotice("database server started again");
      } catch (error) {
        onNotice(error instanceof Error ? error.message : String(error));
      }
    }
  };
  const watching = watch();

  return {
    pid: () => current?.pid,
    async stop() {
      if (stopping) return;
      stopping = true;
      ended.abort();
      process.off("exit", onExit);
      if (current !== undefined) await stopServer(current, stopWithinMs);
      await watching;
      // A restart that was under way when we were asked to stop.
      if (current !== undefined) await stopServer(current, stopWithinMs);
    },
  };
}
