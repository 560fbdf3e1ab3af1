import { spawn, type ChildProcess } from "node:child_process";
import { cpSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { Client } from "pg";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { chat, type Mandate, runCli, smallManifest, startMandate, startUpstream, type Upstream } from "../harness.ts";

// The ledger's threats, each carried out against a running installation that an outside witness watches, with what detects it.
// Rows edited, tails deleted and old databases are in `database.test.ts`, without a witness.

const folder = mkdtempSync(join(tmpdir(), "mandate-threats-"));
const inFolder = (name: string): string => join(folder, name);
const cliPath = join(import.meta.dirname, "../../../packages/cli/src/main.ts");

let mandate: Mandate;
let upstream: Upstream;
let key = "";
let witness: { process: ChildProcess; url: string; vkey: string };

/** `mandate witness`, a process with a folder of its own. */
async function startWitness(port = 0): Promise<typeof witness> {
  const child = spawn(process.execPath, [cliPath, "witness", "--name", "witness.audit.example", "--logs", inFolder("policy"), "--data", inFolder("witness"), "--port", String(port)], { env: { ...process.env, NO_COLOR: "1" }, stdio: ["ignore", "pipe", "pipe"] });
  let output = "";
  child.stdout.on("data", (chunk: Buffer) => (output += chunk.toString()));
  child.stderr.on("data", (chunk: Buffer) => (output += chunk.toString()));
  await until(() => /Witness at (\S+)\n(\S+)\n/.test(output) || child.exitCode !== null);
  const [, url, vkey] = /Witness at (\S+)\n(\S+)\n/.exec(output) ?? [];
  expect(url, output).toBeDefined();
  return { process: child, url: url!, vkey: vkey! };
}
async function stopWitness(): Promise<void> {
  const ended = new Promise((done) => witness.process.once("exit", done));
  witness.process.kill("SIGTERM");
  await ended;
}

/** In set-up too, where `expect.poll` isn't to be had. */
async function until(holds: () => boolean | Promise<boolean>): Promise<void> {
  for (const deadline = Date.now() + 20_000; !(await holds()); ) {
    if (Date.now() > deadline) throw new Error(`not within 20 s: ${holds.toString()}`);
    await new Promise((done) => setTimeout(done, 200));
  }
}

/** A command on the machine itself, with the data directory. */
async function offline(arguments_: readonly string[]): Promise<{ code: number | null; stdout: string; stderr: string }> {
  const child = spawn(process.execPath, [cliPath, ...arguments_], { env: { ...process.env, NO_COLOR: "1", MANDATE_DATA_DIR: mandate.dataDir, MANDATE_PORT: new URL(mandate.url).port, MANDATE_GATEWAY_PORT: new URL(mandate.gateway).port }, stdio: ["ignore", "pipe", "pipe"] });
  let [stdout, stderr] = ["", ""];
  child.stdout.on("data", (chunk: Buffer) => (stdout += chunk.toString()));
  child.stderr.on("data", (chunk: Buffer) => (stderr += chunk.toString()));
  const code = await new Promise<number | null>((done) => child.once("close", done));
  return { code, stdout, stderr };
}

const call = async (headers: Record<string, string> = {}) => {
  const answer = await mandate.call("/v1/chat/completions", key, chat("hello"), headers);
  expect(answer.status, answer.text).toBe(200);
  return answer;
};
const state = async () => (await mandate.api("GET", "/evidence/witnesses")).body as { trust: string; unanchored: number; items: { name: string; size: number; failing: string | null }[] };
const anchored = () => until(async () => (await state()).unanchored === 0);
const copy = (from: string, to: string) => {
  rmSync(to, { recursive: true, force: true });
  cpSync(from, to, { recursive: true, preserveTimestamps: true, verbatimSymlinks: true });
};
async function pack(name: string): Promise<string> {
  const { code, stderr } = await runCli(mandate, ["evidence", "pack", "-f", inFolder(name)]);
  expect(code, stderr).toBe(0);
  return inFolder(name);
}
async function verify(...more: string[]): Promise<{ code: number | null; ok: boolean; trust: string; unanchored: number; codes: string[] }> {
  const { code, stdout, stderr } = await runCli(null, ["evidence", "verify", ...more, "-o", "json"]);
  expect(stdout, stderr).not.toBe("");
  const result = JSON.parse(stdout) as { ok: boolean; trust: string; unanchored: number; problems: { code: string }[] };
  return { code, ...result, codes: result.problems.map((one) => one.code) };
}
async function intrude(text: string): Promise<void> {
  const client = new Client({ connectionString: readFileSync(join(mandate.dataDir, "database-url"), "utf8").trim() });
  await client.connect();
  try {
    await client.query("set session_replication_role = replica");
    expect((await client.query(text)).rowCount, text).toBeGreaterThan(0);
  } finally {
    await client.end();
  }
}

beforeAll(async () => {
  [upstream, mandate] = await Promise.all([startUpstream(), startMandate()]);
  expect((await mandate.apply(smallManifest(upstream.url))).status).toBe(200);
  key = (await mandate.credential("notes")).key;
  await call();
  for (const [name, role] of [["ada", "governance-lead"], ["grace", "technical-owner"]] as const) {
    const email = `${name}@halden.example`;
    expect((await mandate.api("POST", "/people", { email, name, roles: [role] })).status).toBeLessThan(300);
    writeFileSync(inFolder(`${name}.token`), await mandate.personToken(email));
  }
});
afterAll(async () => {
  if (witness !== undefined) await stopWitness();
  await mandate?.stop();
  await upstream?.close();
  rmSync(folder, { recursive: true, force: true });
});

describe("before anybody outside looks", () => {
  test("the installation says of itself that it is self-attested, every entry unanchored", async () => {
    const { trust, unanchored } = await state();
    expect(trust).toBe("self-attested");
    expect(unanchored).toBeGreaterThan(0);
    expect((await mandate.api("GET", "/overview")).body.evidence).toMatchObject({ trust: "self-attested" });
    expect(await verify(await pack("alone.zip"))).toMatchObject({ code: 0, trust: "self-attested" });
  });
});

describe("with a witness outside", () => {
  beforeAll(async () => {
    const { stdout } = await runCli(mandate, ["evidence", "witness", "policy"]);
    writeFileSync(inFolder("policy"), stdout);
    witness = await startWitness();
    const { code, stderr } = await runCli(mandate, ["evidence", "witness", "set", "audit", "--vkey", witness.vkey, "--at", witness.url, "--reason", "external audit"]);
    expect(code, stderr).toBe(0);
    writeFileSync(inFolder("policy"), (await runCli(mandate, ["evidence", "witness", "policy"])).stdout);
  });

  test("checkpoints are cosigned within seconds, and a pack is witnessed on the auditor's word alone", async () => {
    await call();
    await anchored();
    expect((await state()).trust).toBe("witnessed");
    const result = await verify(await pack("witnessed.zip"), "--trust", inFolder("policy"));
    expect(result).toMatchObject({ code: 0, ok: true, trust: "witnessed", unanchored: 0 });
    const strict = readFileSync(inFolder("policy"), "utf8").replace(witness.vkey, (await startedElsewhere()).vkey);
    writeFileSync(inFolder("stranger"), strict);
    expect((await verify(inFolder("witnessed.zip"), "--trust", inFolder("stranger"))).codes).toContain("trust.quorum");
  });

  test("the logs are there as tlog-tiles for a monitor: the checkpoint, its tiles, the entries", async () => {
    const headers = { authorization: `Bearer bootstrap-token-for-tests-0123456789abcd` };
    const [log] = (await mandate.api("GET", "/evidence/logs")).body as { origin: string }[];
    const checkpoint = await (await fetch(`${mandate.url}/tlog/${log!.origin}/checkpoint`, { headers })).text();
    const [origin, size] = checkpoint.split("\n");
    expect(origin).toBe(log!.origin);
    const width = Number(size) % 256;
    const tile = await fetch(`${mandate.url}/tlog/${log!.origin}/tile/0/000.p/${width}`, { headers });
    expect((await tile.arrayBuffer()).byteLength).toBe(32 * width);
    const bundle = Buffer.from(await (await fetch(`${mandate.url}/tlog/${log!.origin}/tile/entries/000.p/${width}`, { headers })).arrayBuffer());
    expect(JSON.parse(bundle.subarray(2, 2 + bundle.readUInt16BE(0)).toString())).toMatchObject({ shard: log!.origin, seq: 0 });
    expect((await fetch(`${mandate.url}/tlog/${log!.origin}/tile/0/000.p/${width + 1}`, { headers })).status).toBe(404);
    expect((await fetch(`${mandate.url}/tlog/${log!.origin}/checkpoint`)).status).toBe(401);
  });

  test("a receipt is kept by the log; one of an entry that was dropped is not", async () => {
    const receipt = (await call({ "x-mandate-receipt": "1" })).headers.get("x-mandate-receipt");
    expect(receipt).toMatch(/^[A-Za-z0-9_-]{100,}$/);
    writeFileSync(inFolder("receipt"), `${receipt}\n`);
    expect(await verify(await pack("kept.zip"), "--receipt", inFolder("receipt"))).toMatchObject({ code: 0, ok: true });
    const online = await runCli(mandate, ["evidence", "verify", "--receipt", inFolder("receipt"), "-o", "json"]);
    expect(JSON.parse(online.stdout), online.stderr).toMatchObject({ ok: true, receipts: 1 });
    // Of a moment before the call: the log that an operator shows who dropped it.
    expect((await verify(inFolder("alone.zip"), "--receipt", inFolder("receipt"))).codes).toEqual(["receipt.not_in_log"]);
    expect((await call()).headers.get("x-mandate-receipt"), "only who asks pays for a signature").toBeNull();
  });

  test("a payload shredded without an erasure on record is told, in the store and in a pack made before", async () => {
    await call();
    await pack("whole.zip");
    await intrude("create table saved_payload as select * from evidence_payload where ct = (select max(ct) from evidence_payload)");
    await intrude("delete from evidence_payload where ct = (select max(ct) from evidence_payload)");
    const store = await runCli(mandate, ["evidence", "verify", "-o", "json"]);
    expect(store.code).toBe(6);
    expect(store.stdout).toContain("payload.missing");
    expect(JSON.parse(store.stdout)).toMatchObject({ trust: "self-attested" });
    expect((await runCli(mandate, ["evidence", "pack", "-f", inFolder("shredded.zip")])).code).toBe(6);
    await intrude("insert into evidence_payload select * from saved_payload");
  });

  test("a call that never came to the gateway is in no log and no verification says so: the provider's own count does", async () => {
    const reached = (): number => upstream.requests.filter((one) => one.path.endsWith("/chat/completions")).length;
    const recorded = async (): Promise<number> => ((await mandate.api("GET", "/decisions?system=notes&limit=200")).body.items as { action: string; outcome: string }[]).filter((one) => one.outcome === "allow").length;
    await until(async () => (await recorded()) === reached());
    await fetch(`${upstream.url}/v1/chat/completions`, { method: "POST", body: JSON.stringify(chat("past the gateway")) });
    // The pack is whole, and true: nothing in it can know.
    expect(await verify(await pack("bypassed.zip"))).toMatchObject({ code: 0, ok: true });
    expect(reached() - (await recorded())).toBe(1);
    upstream.requests.splice(upstream.requests.findIndex((one) => one.body.includes("past the gateway")), 1);
  });
});

describe("the whole machine set back, so that nothing on it can tell", () => {
  beforeAll(async () => {
    await anchored();
    await mandate.kill("SIGTERM");
    copy(mandate.dataDir, inFolder("old"));
    mandate = await mandate.restart();
    for (let i = 0; i < 3; i++) await call();
    await anchored();
    expect((await runCli(mandate, ["evidence", "head", "-f", inFolder("head")])).code).toBe(0);
    await mandate.kill("SIGTERM");
    copy(mandate.dataDir, inFolder("new"));
    copy(inFolder("old"), mandate.dataDir);
  });

  test("the witness's memory is longer: the start refuses, and says what to do", async () => {
    await expect(mandate.restart()).rejects.toThrow(/set back: the witness audit signed a history of/);
  });

  test("with the witness away it starts, and the second history that its keys then sign no witness ever does", async () => {
    const port = Number(new URL(witness.url).port);
    await stopWitness();
    mandate = await mandate.restart();
    for (let i = 0; i < 6; i++) await call();
    expect(await verify(await pack("fork.zip"))).toMatchObject({ ok: true, trust: "self-attested" });
    // Somebody who kept a head, or asks for the quorum on all of it, isn't taken in.
    expect((await verify(inFolder("fork.zip"), "--pinned", inFolder("head"))).codes.some((code) => /^log\.(forked|truncated)$/.test(code))).toBe(true);
    const witnessed = await verify(inFolder("fork.zip"), "--trust", inFolder("policy"));
    expect(witnessed.unanchored).toBeGreaterThan(0);
    witness = await startWitness(port);
    await expect.poll(async () => (await state()).items[0]?.failing ?? "", { timeout: 20_000, interval: 300 }).toMatch(/signed (another|a history)/);
    const refusal = async () => ((await mandate.api("GET", "/findings")).body.items as { title: string; severity: string }[]).find((one) => one.title.startsWith("The witness audit refuses"));
    await expect.poll(refusal, { timeout: 10_000, interval: 200 }).toMatchObject({ severity: "critical" });
    await mandate.kill("SIGTERM");
    await expect(mandate.restart()).rejects.toThrow(/witness audit signed (another|a history)/);
  });

  test("an older database put back on purpose begins a new epoch, on two people's word alone, and says what is lost", { timeout: 300_000 }, async () => {
    copy(inFolder("new"), mandate.dataDir);
    copy(inFolder("old/postgres"), join(mandate.dataDir, "postgres"));
    await expect(mandate.restart()).rejects.toThrow(/evidence epoch --restored/);
    const epoch = (...files: string[]) => offline(["evidence", "epoch", "--restored", "--token-file", ...files, "--reason", "disk failed", "-o", "json"]);
    expect((await epoch(inFolder("ada.token"))).code).not.toBe(0);
    expect((await epoch(inFolder("ada.token"), inFolder("ada.token"))).code).not.toBe(0);
    const begun = await epoch(inFolder("ada.token"), inFolder("grace.token"));
    expect(begun.code, begun.stderr).toBe(0);
    const { lost, closed } = JSON.parse(begun.stdout) as { lost: Record<string, number>; closed: string[] };
    // What the gateway's journal still held was taken first; the control plane's own entries were in the database alone.
    expect(Object.keys(lost).some((origin) => origin.includes("/control/"))).toBe(true);
    expect(closed.length).toBeGreaterThanOrEqual(3);
    mandate = await mandate.restart();
    await call();
    expect(await state()).toMatchObject({ trust: "self-attested" });
    const made = await pack("epoch.zip");
    expect(await verify(made)).toMatchObject({ code: 0, ok: true });
    // What the auditor kept still shows what is gone.
    expect((await verify(made, "--pinned", inFolder("head"))).codes).toContain("log.truncated");
    const { stdout } = await runCli(mandate, ["evidence", "witness", "policy"]);
    expect(stdout).toMatch(/meta\/2\+/);
    await mandate.kill("SIGTERM");
  });

  test("put right, the first history goes on under the same witness", async () => {
    copy(inFolder("new"), mandate.dataDir);
    mandate = await mandate.restart();
    await call();
    await anchored();
    expect(await verify(await pack("right.zip"), "--trust", inFolder("policy"), "--pinned", inFolder("head"))).toMatchObject({ code: 0, trust: "pinned", unanchored: 0 });
  });
});

describe("a clock set ahead", () => {
  test("claims times that the witness's own signature contradicts", async () => {
    await mandate.kill("SIGTERM");
    const shift = inFolder("shift.mjs");
    writeFileSync(shift, "const real = Date.now; Date.now = () => real() + 3_600_000;");
    const ports = [mandate.url, mandate.gateway].map((url) => Number(new URL(url).port)) as [number, number];
    mandate = await startMandate({ dataDir: mandate.dataDir, ports, env: { NODE_OPTIONS: `--import=${shift}` } });
    await call();
    await anchored();
    const result = await verify(await pack("ahead.zip"), "--trust", inFolder("policy"));
    expect(result).toMatchObject({ code: 6, ok: false });
    expect(new Set(result.codes)).toEqual(new Set(["entry.clock"]));
  });
});

/** Another witness's key: of somebody who never signed. */
async function startedElsewhere(): Promise<{ vkey: string }> {
  const { generateSigner } = await import("@mandate/ledger/node");
  const { formatVerifierKey, signatureTypes } = await import("@mandate/ledger");
  const signer = generateSigner("witness.audit.example");
  return { vkey: formatVerifierKey(signer.name, signer.publicKey, signatureTypes.cosignature) };
}
