import { AppError } from "@mandate/model";
import { sampleCommands, type SampleCommands } from "./commands.ts";
import { control, items, type Control, type Json, type SampleServer } from "./control.ts";
import { sampleManifest } from "./manifests.ts";
import { administrator, people, reader } from "./people.ts";
import { startScriptedProvider, type ScriptedProvider } from "./provider/index.ts";
import { settleStates } from "./states.ts";
import { startTraffic, type Traffic } from "./traffic.ts";

export interface SampleOptions {
  /** False: no background calls. Default true. */
  readonly traffic?: boolean;
  /** Epoch milliseconds. */
  readonly now?: () => number;
}

export interface Sample {
  readonly commands: SampleCommands;
  /** Signs the reader in, once. */
  readonly signInUrl: string;
  /** Acts as the same reader, for the CLI. */
  readonly token: string;
  readonly provider: ScriptedProvider;
  /** Stops the traffic and the scripted provider; what was recorded stays. */
  close(): Promise<void>;
}

/** Keys made for the sample start with this, so that a restart can revoke the ones it can no longer show. */
const keyPrefix = "sample-";
const tokenLifeMs = 8 * 3_600_000;
const callers = [
  "returns-desk",
  "product-copy",
  "campaign-ideas",
  "meeting-notes",
  "code-review",
  "demand-forecast",
  "dispute-triage",
  "price-watch",
  "supplier-mail",
] as const;

/**
 * Loads Halden Retail through the public control API and starts what makes it live: scripted provider and traffic.
 * Safe to repeat on the same data directory; then it renews keys and the sign-in link and changes nothing else.
 * Raises AppError `sample.refused` when the server refuses what the sample can't do without.
 */
export async function loadSample(server: SampleServer, options: SampleOptions = {}): Promise<Sample> {
  const now = options.now ?? Date.now;
  const api = control(server);
  const before = await api.find("/models/mistral-large-2");
  const provider = await providerOnPort(portOf(before));
  let traffic: Traffic | undefined;
  try {
    const first = before === undefined;
    await sealSecrets(api, provider.port);
    if (first) await addPeople(api, server);
    await applyChanged(api, await manifestFor(api, provider.url, now()));
    if (first) await settleStates(api, server, now());
    if (first) await add(api, administrator);
    await requireOperating(api, "returns-desk");
    const keys = await renewKeys(api, now());
    const { url } = await api.send("POST", `/people/${encodeURIComponent(reader)}/sign-in-links`, {});
    const notAfter = new Date(now() + tokenLifeMs).toISOString();
    const { token } = await api.send("POST", `/people/${encodeURIComponent(reader)}/tokens`, { notAfter });
    if (options.traffic !== false) traffic = startTraffic({ gatewayUrl: server.gatewayUrl, keys });
    // So that the page of controls has what to show; nobody waits for it.
    const measured = first && options.traffic !== false ? api.send("POST", "/controls/run", {}).catch(() => undefined) : undefined;
    return {
      commands: sampleCommands(server.gatewayUrl, keys.get("returns-desk") ?? ""),
      signInUrl: String(url),
      token: String(token),
      provider,
      close: async () => {
        await measured;
        await traffic?.stop();
        await provider.close();
      },
    };
  } catch (error) {
    await provider.close();
    throw error;
  }
}

/**
 * The models' endpoint is part of what was authorized, so the provider comes back on the port it had. Should another
 * program have taken that port, a new one is used and the register shows the change, as it must.
 */
async function providerOnPort(port: number): Promise<ScriptedProvider> {
  if (port !== 0) {
    try {
      return await startScriptedProvider({ port });
    } catch {
      return await startScriptedProvider();
    }
  }
  return await startScriptedProvider();
}

function portOf(model: Json | undefined): number {
  const spec = model?.spec;
  const endpoint = typeof spec === "object" && spec !== null ? (spec as Json).endpoint : model?.endpoint;
  if (typeof endpoint !== "string" || !URL.canParse(endpoint)) return 0;
  return Number(new URL(endpoint).port);
}

/** Applying asks again for what somebody refused, so a restart that changes nothing must not apply. */
async function applyChanged(api: Control, manifest: string): Promise<void> {
  const { changes } = await api.send("POST", "/apply?dryRun=true", manifest);
  const changed = Array.isArray(changes) && (changes as Json[]).some((change) => change.action !== "unchanged");
  if (changed) await api.send("POST", "/apply", manifest);
}

async function manifestFor(api: Control, providerUrl: string, nowMs: number): Promise<string> {
  const existing = await api.find("/systems/price-watch");
  const spec = existing?.spec as { pilot?: { ends?: string } } | undefined;
  // Long enough for a few allowed calls in the history, short enough that a reader sees the expired state.
  const ends = spec?.pilot?.ends ?? new Date(nowMs + 45_000).toISOString();
  return await sampleManifest({ providerUrl, priceWatchEnds: ends });
}

/** The scripted provider asks for no key; these show that secrets are sealed for one host and sent nowhere else. */
async function sealSecrets(api: Control, port: number): Promise<void> {
  for (const name of ["anthropic-prod", "openai-prod"]) {
    await api.send("PUT", `/secrets/${name}`, {
      value: `scripted-sample-value-for-${name}`,
      hosts: [`127.0.0.1:${port}`],
    });
  }
}

async function addPeople(api: Control, server: SampleServer): Promise<void> {
  for (const person of people) await add(api, person);
  server.log(`Sample: ${people.length + 1} people of Halden Retail`);
}

async function add(api: Control, person: { email: string; name: string; roles: readonly string[] }): Promise<void> {
  try {
    await api.send("POST", "/people", { ...person });
  } catch (error) {
    if (!(error instanceof AppError) || error.status !== 409) throw error;
  }
}

async function requireOperating(api: Control, name: string): Promise<void> {
  const system = await api.get(`/systems/${name}`);
  if (system.status === "operating") return;
  throw new AppError({
    code: "sample.refused",
    status: 409,
    message: `The sample's ${name} may not operate (${String(system.statusCode ?? system.status)}), so the printed commands would not do what they say.`,
    remedies: [{ text: "Start with an empty data directory: MANDATE_DATA_DIR=./.mandate-new npm start" }],
  });
}

/** Keys are shown once and only their hash is kept, so each start makes new ones and revokes those of the last. */
async function renewKeys(api: Control, nowMs: number): Promise<ReadonlyMap<string, string>> {
  for await (const credential of items(api, "/credentials")) {
    const stale =
      typeof credential.name === "string" && credential.name.startsWith(keyPrefix) && credential.state === "active";
    if (stale)
      await api.send("POST", `/credentials/${String(credential.id)}/revoke`, {
        reason: "Replaced at the start of the sample",
      });
  }
  const keys = new Map<string, string>();
  for (const system of callers) {
    const name = `${keyPrefix}${system}-${nowMs.toString(36)}`;
    const { key } = await api.send("POST", "/credentials", { system, name, ttl: "7d" });
    keys.set(system, String(key));
  }
  return keys;
}
