import { type ChildProcess, spawn } from "node:child_process";
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { createServer, type Server } from "node:http";
import type { AddressInfo } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, expect, test } from "vitest";

const main = new URL("./main.ts", import.meta.url).pathname;
const folder = mkdtempSync(join(tmpdir(), "mandate-cli-int-"));
let server: ChildProcess;
let upstream: Server;
let upstreamUrl: string;
let url: string;
let gateway: string;
let output = "";

async function listening(made: Server): Promise<number> {
  await new Promise<void>((done) => made.listen(0, "127.0.0.1", done));
  return (made.address() as AddressInfo).port;
}

async function freePort(): Promise<number> {
  const probe = createServer();
  const port = await listening(probe);
  await new Promise((done) => probe.close(done));
  return port;
}

async function cli(words: readonly string[], input = "", environment: Readonly<Record<string, string>> = {}) {
  const child = spawn(process.execPath, [main, ...words], {
    cwd: folder,
    env: { ...process.env, NO_COLOR: "1", MANDATE_URL: url, MANDATE_TOKEN: token, ...environment },
  });
  let [stdout, stderr] = ["", ""];
  child.stdout.on("data", (part: Buffer) => (stdout += part.toString()));
  child.stderr.on("data", (part: Buffer) => (stderr += part.toString()));
  child.stdin.end(input);
  const code = await new Promise<number | null>((done) => child.once("close", done));
  return { code, stdout, stderr };
}

const token = "bootstrap-token-of-the-cli-journey-0123456789";

beforeAll(async () => {
  upstream = createServer((request, response) => {
    request.resume().once("end", () => {
      response.setHeader("content-type", "application/json");
      const choices = [
        {
          index: 0,
          message: { role: "assistant", content: "Hello.", refusal: null },
          logprobs: null,
          finish_reason: "stop",
        },
      ];
      const usage = { prompt_tokens: 3, completion_tokens: 2, total_tokens: 5 };
      response.end(
        JSON.stringify({
          id: "chatcmpl-1",
          object: "chat.completion",
          created: 1_760_000_000,
          model: "llama3.2",
          choices,
          usage,
        }),
      );
    });
  });
  upstreamUrl = `http://127.0.0.1:${await listening(upstream)}/v1`;
  const [port, gatewayPort] = [await freePort(), await freePort()];
  url = `http://127.0.0.1:${port}`;
  gateway = `http://127.0.0.1:${gatewayPort}`;
  server = spawn(process.execPath, [main, "serve"], {
    env: {
      ...process.env,
      NO_COLOR: "1",
      MANDATE_PORT: String(port),
      MANDATE_GATEWAY_PORT: String(gatewayPort),
      MANDATE_DATA_DIR: join(folder, "data"),
      MANDATE_BOOTSTRAP_TOKEN: token,
    },
  });
  for (const stream of [server.stdout, server.stderr])
    stream?.on("data", (part: Buffer) => (output += part.toString()));
  const deadline = Date.now() + 90_000;
  const ready = (address: string) =>
    fetch(`${address}/readyz`).then(
      (response) => response.status === 200,
      () => false,
    );
  while (!((await ready(url)) && (await ready(gateway)))) {
    if (Date.now() > deadline || server.exitCode !== null) throw new Error(`the server did not start:\n${output}`);
    await new Promise((done) => setTimeout(done, 100));
  }
});

afterAll(async () => {
  upstream.closeAllConnections();
  upstream.close();
  if (server.exitCode === null) {
    const exited = new Promise((done) => server.once("exit", done));
    server.kill("SIGTERM");
    await exited;
  }
  rmSync(folder, { recursive: true, force: true, maxRetries: 5, retryDelay: 200 });
});

test("from init to a verified pack: every step of the first hour works from the command line", async () => {
  const manifest = (await cli(["init", "notes"])).stdout.replace(/endpoint: "[^"]+"/, `endpoint: "${upstreamUrl}"`);
  writeFileSync(join(folder, "notes.yaml"), manifest);
  expect(await cli(["validate", "-f", "notes.yaml"])).toMatchObject({ code: 0 });

  const planned = await cli(["plan", "-f", "notes.yaml", "--detailed-exitcode"]);
  expect(planned, planned.stderr).toMatchObject({ code: 2 });
  expect(planned.stdout).toMatch(/create +AISystem\/notes/);
  expect(await cli(["apply", "-f", "notes.yaml"])).toMatchObject({ code: 0 });
  expect((await cli(["plan", "-f", "notes.yaml", "--detailed-exitcode"])).code).toBe(0);

  const system = JSON.parse((await cli(["get", "system/notes", "-o", "json"])).stdout) as Record<string, unknown>;
  expect(system).toMatchObject({ tier: "T0", lifecycle: "pilot", status: "operating" });
  expect((await cli(["get", "systems"])).stdout).toMatch(/notes +T0 +pilot +operating/);
  const exported = await cli(["get", "system/notes", "-o", "yaml"]);
  expect((await cli(["plan", "-f", "-", "--detailed-exitcode"], exported.stdout)).code).toBe(0);

  const made = await cli(["credential", "create", "--system", "notes", "--ttl", "8h", "--key-only"]);
  expect(made.code, made.stderr).toBe(0);
  const call = async (model: string) =>
    await fetch(`${gateway}/v1/chat/completions`, {
      method: "POST",
      headers: { authorization: `Bearer ${made.stdout.trim()}`, "content-type": "application/json" },
      body: JSON.stringify({ model, messages: [{ role: "user", content: "Hello" }] }),
    });
  const allowed = await call("notes-model");
  expect(allowed.status, await allowed.clone().text()).toBe(200);
  await allowed.arrayBuffer();
  const denied = await call("another-model");
  expect(denied.status).toBe(403);
  await denied.arrayBuffer();

  const id = denied.headers.get("x-mandate-decision") ?? "";
  await expect
    .poll(async () => (await cli(["decisions", "explain", id])).code, { timeout: 20_000, interval: 250 })
    .toBe(0);
  const explained = await cli(["decisions", "explain", id]);
  expect(explained.stdout).toMatch(/^Denied: notes asked for model\.call/);
  expect(explained.stdout).toContain("not_granted");
  expect((await cli(["decisions", "tail", "--outcome", "deny", "-o", "name"])).stdout).toContain(id);

  const packed = await cli(["evidence", "pack", "--system", "notes", "-f", "pack.zip"]);
  expect(packed.code, packed.stderr).toBe(0);
  expect((await cli(["evidence", "head", "-f", "head.txt"])).code).toBe(0);
  const offline = { MANDATE_URL: "http://127.0.0.1:9", MANDATE_TOKEN: "" };
  const verified = await cli(["evidence", "verify", "pack.zip", "-o", "json"], "", offline);
  expect(verified.code, verified.stdout + verified.stderr).toBe(0);
  expect(JSON.parse(verified.stdout)).toMatchObject({ ok: true, trust: "self-attested", problems: [] });

  const bytes = readFileSync(join(folder, "pack.zip"));
  bytes[Math.floor(bytes.length / 2)]! ^= 1;
  writeFileSync(join(folder, "altered.zip"), bytes);
  expect((await cli(["evidence", "verify", "altered.zip"], "", offline)).code).toBe(6);
  const later = await cli(["evidence", "pack", "-f", "later.zip"]);
  expect(later.code, later.stderr).toBe(0);
  const pinned = await cli(["evidence", "verify", "later.zip", "--pinned", "head.txt"], "", offline);
  expect(pinned.code, pinned.stdout).toBe(0);
  expect(pinned.stdout).toContain("pinned");
  const older = await cli(["evidence", "verify", "pack.zip", "--pinned", "head.txt"], "", offline);
  expect([0, 6]).toContain(older.code);
  expect((await cli(["evidence", "verify"])).code).toBe(0);
});

test("suspending from the command line refuses the next call, resuming allows it again", async () => {
  const made = await cli(["credential", "create", "--system", "notes", "--name", "second", "--key-only"]);
  const call = async () => {
    const response = await fetch(`${gateway}/v1/chat/completions`, {
      method: "POST",
      headers: { authorization: `Bearer ${made.stdout.trim()}`, "content-type": "application/json" },
      body: JSON.stringify({ model: "notes-model", messages: [{ role: "user", content: "Hello" }] }),
    });
    return { status: response.status, body: await response.text() };
  };
  expect(await cli(["system", "suspend", "notes", "--no-input"])).toMatchObject({ code: 1 });
  expect((await cli(["system", "suspend", "notes", "--reason", "drill"])).stdout).toContain("suspended");
  const refused = await call();
  expect(refused.status).toBe(403);
  expect(refused.body).toContain("system_suspended");
  expect((await cli(["system", "resume", "notes", "--reason", "drill over"])).code).toBe(0);
  expect((await call()).status).toBe(200);
});

test("a wrong token is 4, a missing object 1, and doctor says what it found", async () => {
  expect((await cli(["get", "systems"], "", { MANDATE_TOKEN: "wrong" })).code).toBe(4);
  expect((await cli(["get", "system/nothing-such"])).code).toBe(1);
  const doctor = await cli(["doctor", "-o", "json"], "", { MANDATE_GATEWAY_PORT: new URL(gateway).port });
  const { items } = JSON.parse(doctor.stdout) as { items: { check: string; result: string }[] };
  expect(items.filter((item) => item.result === "failed")).toEqual([]);
});

test("the server ends with 0 on SIGTERM", async () => {
  const exited = new Promise<number | null>((done) => server.once("exit", done));
  server.kill("SIGTERM");
  expect(await exited).toBe(0);
});
