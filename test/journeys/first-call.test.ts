import { execFile } from "node:child_process";
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { promisify } from "node:util";
import OpenAI from "openai";
import { afterAll, beforeAll, expect, test } from "vitest";
import { type Mandate, startMandate, startUpstream, type Upstream } from "./harness.ts";

const run = promisify(execFile);
const home = mkdtempSync(join(tmpdir(), "mandate-home-"));
const cli = join(import.meta.dirname, "../../packages/cli/src/main.ts");
let mandate: Mandate;
let upstream: Upstream;

beforeAll(async () => {
  upstream = await startUpstream();
  mandate = await startMandate({ mode: "up", env: { MANDATE_BOOTSTRAP_TOKEN: "" } });
  // It answers before it has printed everything.
  for (let tries = 0; tries < 100 && !mandate.output().includes("credential create"); tries++) await new Promise((done) => setTimeout(done, 50));
});
afterAll(async () => {
  await mandate?.stop();
  await upstream?.close();
  rmSync(home, { recursive: true, force: true });
});

const command = (...arguments_: string[]) =>
  run(process.execPath, [cli, ...arguments_], { cwd: home, env: { ...process.env, HOME: home, XDG_CONFIG_HOME: home, MANDATE_URL: mandate.url, NO_COLOR: "1" } });

test("from an empty start, what it prints leads a person to the first allowed call", async () => {
  const token = /--token (\S+)/.exec(mandate.output())?.[1];
  expect(token, mandate.output()).toBeTruthy();
  await command("login", "--token", token!);
  const { stdout: template } = await command("init");
  const file = join(home, "system.yaml");
  writeFileSync(file, template.replace(/endpoint: "[^"]+"/, `endpoint: "${upstream.url}/v1"`));
  await command("apply", "-f", file);
  const { stdout: created } = await command("credential", "create", "--system", "my-assistant", "--ttl", "8h", "--key-only");
  const model = /kind: Model\s+metadata: \{ name: ([^ }]+)/.exec(readFileSync(file, "utf8"))![1]!;
  upstream.answer = () => ({ chunks: [JSON.stringify({ id: "c", object: "chat.completion", created: 1, model, choices: [{ index: 0, message: { role: "assistant", content: "first call" }, finish_reason: "stop" }], usage: { prompt_tokens: 1, completion_tokens: 1, total_tokens: 2 } })] });
  const printed = /curl -sS .*/.exec(mandate.output())?.[0];
  const { stdout: said } = await run("sh", ["-c", printed!.replace("KEY", created.trim())]);
  expect(said, "the printed call, with the key put in").toContain("first call");
  const client = new OpenAI({ baseURL: `${mandate.gateway}/v1`, apiKey: created.trim() });
  const answer = await client.chat.completions.create({ model, messages: [{ role: "user", content: "hello" }] });
  expect(answer.choices[0]!.message.content).toBe("first call");
});

test("a start with a bootstrap token prints a next step that works as it stands, and never the token", async () => {
  const secret = "b".repeat(40);
  const other = await startMandate({ mode: "up", env: { MANDATE_BOOTSTRAP_TOKEN: secret } });
  try {
    for (let tries = 0; tries < 100 && !other.output().includes("chat/completions"); tries++) await new Promise((done) => setTimeout(done, 50));
    expect(other.output()).not.toContain(secret);
    const line = /npx mandate (login .*)/.exec(other.output())?.[1];
    expect(line, other.output()).toContain('--token "$MANDATE_BOOTSTRAP_TOKEN"');
    const environment = { ...process.env, HOME: home, XDG_CONFIG_HOME: join(home, "bootstrap"), MANDATE_BOOTSTRAP_TOKEN: secret };
    const { stderr } = await run("sh", ["-c", `${process.execPath} ${cli} ${line}`], { cwd: home, env: environment });
    expect(stderr).toContain("Signed in at");
  } finally {
    await other.stop();
  }
});

test("once somebody has signed in, a start gives no reader of its output a way in", async () => {
  const link = /sign-in#link=(\S+)/.exec(mandate.output())?.[1];
  expect(link).toBeTruthy();
  const signIn = (headers: Record<string, string> = {}) =>
    fetch(`${mandate.url}/api/v1/session/sign-in`, { method: "POST", headers: { "content-type": "application/json", "x-mandate-csrf": "1", ...headers }, body: JSON.stringify({ link }) });
  expect((await signIn()).status).toBeLessThan(300);
  expect((await signIn()).status).toBeGreaterThanOrEqual(400);
  await mandate.kill("SIGTERM");
  mandate = await mandate.restart();
  expect(mandate.output()).not.toMatch(/--token|#link=/);
});
