import { randomBytes } from "node:crypto";
import { appendFileSync, mkdtempSync, rmSync, statSync } from "node:fs";
import { createServer } from "node:net";
import { tmpdir } from "node:os";
import { join, resolve } from "node:path";
import { setTimeout as delay } from "node:timers/promises";
import { type DecisionSummary, MandateClient, MandateError } from "@mandate/sdk";
import { CliError, reportOf } from "../cli-error.ts";
import type { Call } from "../command.ts";
import { exitCodes, type ExitCode } from "../exit-codes.ts";
import { readManifests } from "../manifest-files.ts";
import { readObjects } from "../read-objects.ts";
import { failureText } from "../render/failure.ts";
import { cell } from "../render/format.ts";
import { pending, printChanges, sent } from "./apply.ts";
import { withScriptedModels } from "../scripted-models.ts";
import { sampleApp } from "./dev-manifest.ts";

const lookEveryMs = 500;

/** A throwaway installation for one developer: nothing of it outlives the command. */
export async function dev(call: Call): Promise<ExitCode> {
  const { terminal } = call;
  const { signal } = terminal;
  const file = call.option("manifest");
  const directory = mkdtempSync(join(tmpdir(), "mandate-dev-"));
  const log = join(directory, "server.log");
  const closers: (() => Promise<unknown>)[] = [];
  const stop = new AbortController();
  const end = (): void => stop.abort();
  process.once("SIGTERM", end);
  signal.addEventListener("abort", end, { once: true });
  try {
    call.say("Starting a throwaway installation…");
    const token = randomBytes(32).toString("base64url");
    const port = await freePorts(terminal.env["MANDATE_PORT"]);
    const [{ startServer }, { startScriptedProvider }] = await Promise.all([import("@mandate/server"), import("@mandate/server/scripted-provider")]);
    const provider = await startScriptedProvider();
    closers.push(() => provider.close());
    const server = await startServer({
      mode: "serve",
      sample: false,
      env: { MANDATE_PORT: String(port), MANDATE_DATA_DIR: join(directory, "data"), MANDATE_BOOTSTRAP_TOKEN: token, ...telemetryOf(terminal.env) },
      log: () => undefined,
      writeLog: (line) => appendFileSync(log, line),
    });
    closers.push(() => server.close());
    const client = new MandateClient({ url: server.controlUrl, token });
    const inner: Call = { ...call, client: async () => client };
    let system = "dev-app";
    let models: readonly string[] = ["dev-model"];
    const scriptedAt = call.flag("real") ? null : provider.url;
    if (file === undefined) await client.apply(sampleApp(provider.url));
    else {
      system = await firstSystem(inner, file);
      models = await take(inner, client, file, scriptedAt);
    }
    const { key } = await client.credentials.create({ system, name: "dev", ttl: "8h" });
    terminal.out(welcome({ console: await signInLink(client), gateway: server.gatewayUrl, key, system, models, isSample: file === undefined, log }));
    await Promise.all([tail(inner, client, stop.signal), file === undefined ? undefined : watch(inner, client, file, scriptedAt, stop.signal)]);
    return exitCodes.done;
  } finally {
    process.off("SIGTERM", end);
    for (const close of closers.toReversed()) await close().catch(() => undefined);
    rmSync(directory, { recursive: true, force: true, maxRetries: 5, retryDelay: 100 });
    call.say("Stopped, and everything of it removed.");
  }
}

function telemetryOf(env: Readonly<Record<string, string | undefined>>): Record<string, string | undefined> {
  return Object.fromEntries(Object.entries(env).filter(([name]) => name.startsWith("OTEL_")));
}

/** Two neighbours that nobody listens on; the usual ones when they are free, so that an application's settings stay right. */
async function freePorts(asked: string | undefined): Promise<number> {
  const candidates = asked ? [Number(asked)] : [4600, 4610, 4620, 4630, 4640];
  for (const port of candidates) if ((await isFree(port)) && (await isFree(port + 1))) return port;
  throw new CliError({ code: "dev_ports", message: `Ports ${candidates.join(", ")} or their next ones are taken.`, next: "Set MANDATE_PORT to a free one." });
}

function isFree(port: number): Promise<boolean> {
  return new Promise((done) => {
    const probe = createServer();
    probe.once("error", () => done(false));
    probe.listen(port, "127.0.0.1", () => probe.close(() => done(true)));
  });
}

async function signInLink(client: MandateClient): Promise<string> {
  await client.people.create({ email: "you@dev.example", name: "You", roles: ["administrator"] });
  return (await client.people.createSignInLink("you@dev.example")).url;
}

async function firstSystem(call: Call, file: string): Promise<string> {
  const objects = await readObjects(await readManifests([file], call.terminal));
  const found = objects.find((one) => one.kind === "AISystem");
  if (found === undefined) throw new CliError({ code: "dev_no_system", message: `${file} holds no AISystem.`, next: "Begin with `mandate init > system.yaml`." });
  return String(found.name);
}

/**
 * What a manifest would change and void, then the change itself.
 * @param scriptedAt the script that answers in place of the manifest's models; null: they are called themselves
 * @returns the models that the script answers
 */
async function take(call: Call, client: MandateClient, file: string, scriptedAt: string | null): Promise<readonly string[]> {
  const read = await readManifests([file], call.terminal);
  const { yaml, scripted } = scriptedAt === null ? { yaml: read.yaml, scripted: [] } : withScriptedModels(read.yaml, scriptedAt);
  const stream = { ...read, yaml };
  const { changes, widening } = await sent(client, stream, true, call);
  await printChanges({ ...call, format: "table" }, changes, widening);
  if (pending(changes).length > 0) await sent(client, stream, false, call);
  return scripted;
}

async function watch(call: Call, client: MandateClient, file: string, scriptedAt: string | null, signal: AbortSignal): Promise<void> {
  const path = resolve(call.terminal.cwd, file);
  const changedAt = (): number => statSync(path, { throwIfNoEntry: false })?.mtimeMs ?? 0;
  let known = changedAt();
  while (await next(signal)) {
    const now = changedAt();
    // An editor that writes a new file has none for a moment.
    if (now === known || now === 0) continue;
    known = now;
    call.say(`\n${file} changed:`);
    try {
      await take(call, client, file, scriptedAt);
    } catch (error) {
      if (!(error instanceof MandateError) && !(error instanceof CliError)) throw error;
      call.terminal.err(failureText(reportOf(error)));
      call.say("The version before it stays in force.");
    }
  }
}

const colours = { allow: "\u001b[32m", hold: "\u001b[33m", deny: "\u001b[31m" } as const;
const plain = "\u001b[0m";

async function tail(call: Call, client: MandateClient, signal: AbortSignal): Promise<void> {
  const { terminal } = call;
  const isColoured = terminal.outIsTerminal && !terminal.env["NO_COLOR"];
  let seen = new Set<string>();
  while (await next(signal)) {
    const { items } = await client.decisions.list({ limit: 50 }).catch(() => ({ items: [] }));
    // A call that still runs is shown when it has ended.
    const ended = items.filter((one) => one.terminal !== null);
    for (const one of ended.toReversed()) if (!seen.has(one.id)) terminal.out(lineOf(one, isColoured));
    if (items.length > 0) seen = new Set(ended.map((one) => one.id));
  }
}

export function lineOf(decision: DecisionSummary & { readonly terminal?: unknown }, isColoured: boolean): string {
  const { outcome } = decision;
  const word = outcome.padEnd(5);
  const shown = isColoured ? `${colours[outcome]}${word}${plain}` : word;
  const why = outcome === "allow" ? "" : `\n                  ${cell(decision.reason)}`;
  return `  ${decision.at.slice(11, 19)}  ${shown}  ${cell(decision.resource)}  ${cell(decision.id)}${why}\n`;
}

/** False once it is over. */
async function next(signal: AbortSignal): Promise<boolean> {
  await delay(lookEveryMs, undefined, { signal }).catch(() => undefined);
  return !signal.aborted;
}

function welcome({ console, gateway, key, system, models, isSample, log }: { console: string; gateway: string; key: string; system: string; models: readonly string[]; isSample: boolean; log: string }): string {
  const ask = (name: string): string => `curl -sS ${gateway}/v1/chat/completions -H 'Authorization: Bearer ${key}' -H 'Content-Type: application/json' -d '{"model":"${name}","messages":[{"role":"user","content":"Hello"}]}'`;
  return [
    "",
    `  Console   ${console}   (signs you in once)`,
    `  Base URL  ${gateway}/v1`,
    `  Key       ${key}   (of ${system}, for 8 hours)`,
    `  Log       ${log}`,
    ...(models.length === 0 ? [] : ["", `  ${models.join(", ")}: answered by a script, and says so. No provider and no key is involved${isSample ? "" : "; --real calls them"}.`]),
    "",
    "# call it",
    ask(models[0] ?? "MODEL"),
    ...(isSample ? ["", "# refused: a model that nobody granted", ask("gpt-5")] : []),
    "",
    "# from a program",
    `new OpenAI({ baseURL: "${gateway}/v1", apiKey: "${key}" })`,
    "",
    "Decisions, as they are made (Ctrl-C ends and removes everything):",
    "",
  ].join("\n");
}
