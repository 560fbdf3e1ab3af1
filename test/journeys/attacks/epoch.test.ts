import { spawn } from "node:child_process";
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { Client } from "pg";
import { afterAll, beforeAll, expect, test } from "vitest";
import { chat, type Mandate, runCli, smallManifest, startMandate, startUpstream, type Upstream } from "../harness.ts";

// The logs' keys are replaced while an audit is open, and by nobody who kept no token.

const folder = mkdtempSync(join(tmpdir(), "mandate-epoch-"));
const inFolder = (name: string): string => join(folder, name);
let mandate: Mandate;
let upstream: Upstream;
let key = "";
const tokens: Record<string, string> = {};

/** A command on the machine itself, with the data directory. */
async function onHost(...arguments_: string[]): Promise<{ code: number | null; stdout: string; stderr: string }> {
  const child = spawn(process.execPath, [join(import.meta.dirname, "../../../packages/cli/src/main.ts"), ...arguments_], { env: { ...process.env, NO_COLOR: "1", MANDATE_DATA_DIR: mandate.dataDir, MANDATE_PORT: new URL(mandate.url).port, MANDATE_GATEWAY_PORT: new URL(mandate.gateway).port }, stdio: ["ignore", "pipe", "pipe"] });
  let [stdout, stderr] = ["", ""];
  child.stdout.on("data", (chunk: Buffer) => (stdout += chunk.toString()));
  child.stderr.on("data", (chunk: Buffer) => (stderr += chunk.toString()));
  const code = await new Promise<number | null>((done) => child.once("close", done));
  return { code, stdout, stderr };
}
const call = async (words: string) => expect((await mandate.call("/v1/chat/completions", key, chat(words))).status).toBe(200);
const as = (who: string, method: string, path: string, body: unknown = {}) => mandate.api(method, path, method === "GET" ? undefined : body, tokens[who]);
interface Verified {
  readonly ok: boolean;
  readonly problems: readonly { readonly code: string; readonly message: string }[];
  readonly samples: readonly { readonly draw: number; readonly population: number; readonly complete: boolean }[];
  readonly logs: readonly { readonly origin: string }[];
}
async function verified(name: string, ...more: string[]): Promise<Verified> {
  const { stdout, stderr } = await runCli(null, ["evidence", "verify", inFolder(name), ...more, "-o", "json"]);
  expect(stdout, stderr).not.toBe("");
  return JSON.parse(stdout) as Verified;
}

beforeAll(async () => {
  [upstream, mandate] = await Promise.all([startUpstream(), startMandate()]);
  expect((await mandate.apply(smallManifest(upstream.url))).status).toBe(200);
  key = (await mandate.credential("notes")).key;
  for (const [name, role] of [["ada", "governance-lead"], ["grace", "technical-owner"], ["vera", "auditor"]] as const) {
    const email = `${name}@halden.example`;
    expect((await mandate.api("POST", "/people", { email, name, roles: [role] })).status).toBeLessThan(300);
    tokens[name] = await mandate.personToken(email);
    writeFileSync(inFolder(`${name}.token`), tokens[name]);
  }
  for (let at = 0; at < 12; at++) await call(`before ${at}`);
}, 180_000);
afterAll(async () => {
  await mandate?.stop();
  await upstream?.close();
  rmSync(folder, { recursive: true, force: true });
});

let audit = "";

test("an audit whose population was fixed before the keys were replaced goes on, and verifies under both", { timeout: 240_000 }, async () => {
  const opened = await as("ada", "POST", "/audits", { title: "Across", systems: ["notes"], auditors: ["vera@halden.example"], ends: new Date(Date.now() + 86_400_000).toISOString(), external: false });
  expect(opened.status, opened.text).toBe(201);
  audit = opened.body.id;
  const fixed = await as("ada", "POST", `/audits/${audit}/population`);
  expect(fixed.body.population?.members, fixed.text).toBe(12);
  expect((await as("vera", "POST", `/audits/${audit}/samples`, { value: "dice 1 1", size: 4 })).status).toBe(200);
  await mandate.kill("SIGTERM");
  const replaced = await onHost("evidence", "epoch", "--token-file", inFolder("ada.token"), inFolder("grace.token"), "--reason", "yearly", "-o", "json");
  expect(replaced.code, replaced.stderr).toBe(0);
  mandate = await mandate.restart();
  for (let at = 0; at < 3; at++) await call(`after ${at}`);
  const drawn = await as("vera", "POST", `/audits/${audit}/samples`, { value: "dice 6 6", size: 4 });
  expect(drawn.status, drawn.text).toBe(200);
  expect((await as("vera", "GET", `/audits/${audit}/samples/2/1`)).body.entry.header.system).toBe("notes");
  for (const [name, scope] of [["audit.zip", ["--audit", audit]], ["whole.zip", []]] as const) {
    expect((await runCli(mandate, ["evidence", "pack", ...scope, "-f", inFolder(name)])).code).toBe(0);
    const result = await verified(name);
    expect(result.problems, name).toEqual([]);
    expect(result.logs.map((one) => one.origin)).toEqual(expect.arrayContaining([expect.stringMatching(/meta\/1$/), expect.stringMatching(/meta\/2$/)]));
    expect(result.samples, name).toMatchObject([{ draw: 1, population: 12, complete: true }, { draw: 2, population: 12, complete: true }]);
  }
});

test("a call taken out of the epoch before is told, with the audit that it was in", async () => {
  const client = new Client({ connectionString: readFileSync(join(mandate.dataDir, "database-url"), "utf8").trim() });
  await client.connect();
  try {
    await client.query("set session_replication_role = replica");
    const { rows } = await client.query<{ origin: string }>("delete from evidence_entry where origin like '%/gw-%/1' and index = 4 returning origin");
    expect(rows).toHaveLength(1);
  } finally {
    await client.end();
  }
  const store = await runCli(mandate, ["evidence", "verify", "-o", "json"]);
  expect(store.code, store.stdout).toBe(6);
  expect((JSON.parse(store.stdout) as Verified).problems.map((one) => one.code)).toContain("entry.missing");
  expect((await as("vera", "POST", `/audits/${audit}/samples`, { value: "dice 3 3", size: 2 })).body.code).toBe("evidence.altered");
  expect((await runCli(mandate, ["evidence", "pack", "--audit", audit, "-f", inFolder("none.zip")])).code).toBe(6);
});

test("where nobody kept a token nothing is restored and no epoch begins: what to do is said, and nothing changed", async () => {
  const before = readFileSync(inFolder("audit.zip")).length;
  await mandate.kill("SIGTERM");
  writeFileSync(inFolder("stranger.token"), "mandate_pat_nobody_ever_had_this_one_0000000000");
  for (const files of [["ada.token", "stranger.token"], ["stranger.token", "stranger.token"]]) {
    const refused = await onHost("evidence", "epoch", "--restored", "--token-file", ...files.map(inFolder), "--reason", "lost", "-o", "json");
    expect(refused.code).not.toBe(0);
    expect(refused.stderr).toContain("two people");
    expect(refused.stderr).toContain("Nothing was changed");
  }
  // What was taken out earlier needs nobody's token: it still verifies.
  expect(readFileSync(inFolder("audit.zip")).length).toBe(before);
  expect((await verified("audit.zip")).ok).toBe(true);
});
