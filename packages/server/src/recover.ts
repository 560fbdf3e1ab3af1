import { randomFillSync } from "node:crypto";
import { connect } from "node:net";
import { join } from "node:path";
import { AppError } from "@mandate/model";
import { readConfiguration } from "./configuration.ts";
import { createContexts, systemActor } from "./context/index.ts";
import { openDatabase } from "./database/index.ts";
import { openEvidence } from "./evidence/index.ts";
import { recoverAdministrator, signInUrl } from "./identity/index.ts";
import { openMasterKey } from "./key-providers/index.ts";

export interface RecoverOptions {
  readonly env: Readonly<Record<string, string | undefined>>;
  readonly email: string;
  readonly name: string;
}

/**
 * `mandate recover`: works from the data directory, when nobody can sign in. It refuses while this machine's server
 * answers: then somebody could sign in there, and two processes on one embedded database would be one too many.
 * @returns the one-time link, on the address people use
 */
export async function recover(options: RecoverOptions): Promise<{ url: string; expiresAt: string; created: boolean }> {
  const configuration = readConfiguration(options.env);
  const now = (): number => Date.now();
  const random = (bytes: Uint8Array): Uint8Array => randomFillSync(bytes);
  if (await answers(configuration.host === "0.0.0.0" || configuration.host === "::" ? "127.0.0.1" : configuration.host, configuration.port)) {
    throw new AppError({
      code: "start.running",
      status: 409,
      message: `Something answers on port ${configuration.port}, so the server seems to run. Nothing was changed.`,
      remedies: [{ text: "Ask an administrator for a sign-in link, or stop the server and run this again." }],
    });
  }
  const masterKey = await openMasterKey(configuration.keys, configuration.dataDir);
  const db = await openDatabase(configuration.databaseUrl === null ? { dataDir: configuration.dataDir, onNotice: () => undefined } : { url: configuration.databaseUrl, onNotice: () => undefined });
  try {
    const [organization] = await db.organizations();
    if (organization === undefined) throw new AppError({ code: "start.nothing_to_recover", status: 404, message: `There is no organization in ${configuration.dataDir} yet.`, remedies: [{ text: "Start Mandate: it prints a sign-in link.", command: "npx mandate up" }] });
    const { org, name } = organization;
    const evidence = await openEvidence({ db, org, host: new URL(configuration.consoleUrl).hostname, organization: name, now, random, masterKey, checkpointsDir: join(configuration.dataDir, "checkpoints") });
    const contexts = createContexts({ db, org, now, random, append: (tx, entries) => evidence.appendAllInTransaction(tx, entries), published: () => Promise.resolve(), recorded: () => undefined });
    const { secret, expiresAt, created } = await recoverAdministrator(contexts.quiet(systemActor("recover")), options);
    return { url: signInUrl(configuration.consoleUrl, secret), expiresAt, created };
  } finally {
    await db.close();
  }
}

/** Whether somebody listens there. */
export function answers(host: string, port: number): Promise<boolean> {
  return new Promise((done) => {
    const socket = connect({ host, port, timeout: 2000 });
    const finish = (answer: boolean): void => {
      socket.destroy();
      done(answer);
    };
    socket.once("connect", () => finish(true));
    socket.once("error", () => finish(false));
    socket.once("timeout", () => finish(false));
  });
}
