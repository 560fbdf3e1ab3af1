import { type ChildProcess, spawn } from "node:child_process";
import { existsSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { afterAll, beforeAll, expect, test } from "vitest";
import { chat, smallManifest } from "./harness.ts";

const cli = join(import.meta.dirname, "../../packages/cli/src/main.ts");
const directory = mkdtempSync(join(tmpdir(), "mandate-dev-test-"));
const file = join(directory, "system.yaml");
const manifest = smallManifest("https://api.provider.example").replace("metadata: { name: gpt-test }\nspec: { protocol: openai,", "metadata: { name: gpt-test }\nspec: { protocol: openai, credential: secret:nobody-set-it,");
let running: ChildProcess;
let output = "";

beforeAll(() => {
  writeFileSync(file, manifest);
  running = spawn(process.execPath, [cli, "dev", "--manifest", file], { env: { ...process.env, MANDATE_PORT: "", NO_COLOR: "1" }, stdio: ["ignore", "pipe", "pipe"] });
  for (const stream of [running.stdout!, running.stderr!]) stream.on("data", (chunk: Buffer) => (output += chunk.toString()));
});
afterAll(() => {
  running?.kill("SIGKILL");
  rmSync(directory, { recursive: true, force: true });
});

const shows = (what: RegExp | string) => expect.poll(() => output, { timeout: 90_000 }).toMatch(what);

test("a manifest of one's own runs at once against a script, follows its file, and leaves nothing behind", async () => {
  await shows("Decisions, as they are made");
  expect(output).toContain("gpt-test: answered by a script");
  const [base, key, log] = [/Base URL\s+(\S+)/, /Key\s+(\S+)/, /Log\s+(\S+)/].map((line) => line.exec(output)![1]!);
  const ask = (model: string) => fetch(`${base}/chat/completions`, { method: "POST", headers: { authorization: `Bearer ${key}`, "content-type": "application/json" }, body: JSON.stringify({ ...chat("Hello"), model }) });
  const answer = await ask("gpt-test");
  expect([answer.status, answer.headers.get("x-mandate-decision")]).toEqual([200, expect.stringMatching(/^dec_/)]);
  expect((await ask("gpt-unknown")).status).toBe(403);
  await shows(/allow\s+model:gpt-test/);
  await shows(/deny\s+model:gpt-unknown/);

  writeFileSync(file, manifest.replace("title: Meeting notes", "title: Minutes"));
  await shows(/system\.yaml changed:[^]*change\s+AISystem\/notes/);
  writeFileSync(file, manifest.replace("audience: internal", "audience: nobody"));
  await shows("The version before it stays in force.");
  expect((await ask("gpt-test")).status).toBe(200);
  expect(readFileSync(file, "utf8")).toContain("secret:nobody-set-it");

  running.kill("SIGTERM");
  await shows("Stopped, and everything of it removed.");
  expect(existsSync(dirname(log!))).toBe(false);
});
