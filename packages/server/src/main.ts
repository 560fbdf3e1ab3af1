import { randomBytes, randomFillSync } from "node:crypto";
import { createServer } from "node:net";
import type { Server } from "node:http";
import { newId } from "@mandate/model";
import { readConfiguration } from "./configuration.ts";
import type { Configuration } from "./configuration.ts";
import { refuseUnfinished } from "./backup/index.ts";
import { openDatabase } from "./database/index.ts";
import { jsonLog, plainLog } from "./log.ts";
import { newestRecordedMs, steadyClock } from "./clock.ts";
import { openServer } from "./server.ts";
import type { RunningServer } from "./server.ts";
import { openMasterKey } from "./key-providers/index.ts";
import { announce } from "./announce.ts";
import { explainStartFault } from "./start-faults.ts";

export interface StartOptions {
  readonly mode: "up" | "serve";
  readonly sample: boolean;
  readonly env: Readonly<Record<string, string | undefined>>;
  /** Lines for the person who started it. */
  readonly log: (line: string) => void;
  /** Lines for operators; absent: standard error. */
  readonly writeLog?: (line: string) => void;
}

export interface ServerHandle {
  readonly controlUrl: string;
  readonly gatewayUrl: string;
  /** Stops taking work, finishes what runs, ends within 10 s. */
  close(): Promise<void>;
}

const closeWithinMs = 9_500;

/** The composition root: one line a slice, in the order in which they need each other. */
export async function startServer(options: StartOptions): Promise<ServerHandle> {
  const configuration = readConfiguration(options.env);
  try {
    return await start(options, configuration);
  } catch (error) {
    throw explainStartFault(error, configuration);
  }
}

async function start(options: StartOptions, configuration: Configuration): Promise<ServerHandle> {
  let clock = steadyClock(Date.now, () => performance.now());
  const now = (): number => clock();
  const random = (bytes: Uint8Array): Uint8Array => randomFillSync(bytes);
  const writeLog = options.writeLog ?? ((line: string) => process.stderr.write(line));
  const log = options.writeLog === undefined && process.stderr.isTTY ? plainLog(writeLog, now) : jsonLog(writeLog, now);
  await Promise.all([portFree(configuration.host, configuration.port), portFree(configuration.host, configuration.gatewayPort)]);
  await refuseUnfinished(configuration.dataDir);
  const masterKey = await openMasterKey(configuration.keys, configuration.dataDir);
  const db = await openDatabase({
    ...(configuration.databaseUrl === null ? { dataDir: configuration.dataDir } : { url: configuration.databaseUrl }),
    onNotice: (line) => log.info("database", { line }),
  });
  let server: RunningServer | undefined;
  try {
    const [known] = await db.organizations();
    const organization = known ?? (await db.ensureOrganization({ id: newId("organization", now(), random), name: options.sample ? "halden-retail" : "main", now: new Date(now()) }));
    const recordedMs = await newestRecordedMs(db, organization.org);
    if (recordedMs - Date.now() > 30_000)
      log.error("clock", { line: "this machine's clock is behind what was recorded here; time goes on from there. Set the clock right.", behindMs: recordedMs - Date.now() });
    clock = steadyClock(Date.now, () => performance.now(), recordedMs);
    // For this process's own use of its public API (the sample): lives in memory, ends with it.
    const internalToken = randomBytes(32).toString("base64url");
    server = await openServer({ configuration, db, organization, masterKey, now, random, log, sample: options.sample, internalToken });
    await listen(server.gatewayServer, configuration.host, configuration.gatewayPort);
    await server.app.listen({ host: configuration.host, port: configuration.port });
    const stopSample = await announce({ options, configuration, server, internalToken, log });
    return {
      controlUrl: configuration.consoleUrl,
      gatewayUrl: configuration.gatewayUrl,
      close: () => closeInTime(async () => {
        await stopSample();
        await server!.close();
        await db.close();
      }, log.error),
    };
  } catch (error) {
    await server?.close().catch(() => undefined);
    await db.close().catch(() => undefined);
    throw error;
  }
}

/** Says which port is taken before a database is started for nothing. */
async function portFree(host: string, port: number): Promise<void> {
  const probe = createServer();
  await new Promise<void>((resolve, reject) => {
    probe.once("error", (cause: NodeJS.ErrnoException) => reject(new Error(cause.code === "EADDRINUSE" ? `Port ${port} is taken. Stop what uses it, or set MANDATE_PORT to another.` : `Can't listen on ${host}:${port}: ${cause.message}`, { cause })));
    probe.listen(port, host, () => probe.close(() => resolve()));
  });
}

function listen(server: Server, host: string, port: number): Promise<void> {
  return new Promise((resolve, reject) => {
    server.once("error", reject);
    server.listen(port, host, () => {
      server.off("error", reject);
      resolve();
    });
  });
}

async function closeInTime(work: () => Promise<void>, report: (event: string, details?: Readonly<Record<string, unknown>>) => void): Promise<void> {
  const late = Promise.withResolvers<void>();
  const timer = setTimeout(() => {
    report("shutdown took too long; ending anyway");
    late.resolve();
  }, closeWithinMs);
  await Promise.race([work(), late.promise]);
  clearTimeout(timer);
}
