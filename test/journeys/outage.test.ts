import { execFileSync } from "node:child_process";
import { afterAll, beforeAll, expect, test } from "vitest";
import { readFileSync, readdirSync } from "node:fs";
import { join } from "node:path";
import { chat, type Mandate, smallManifest, startMandate, startUpstream, type Upstream } from "./harness.ts";

let mandate: Mandate;
let upstream: Upstream;
let key: string;

beforeAll(async () => {
  upstream = await startUpstream();
  mandate = await startMandate();
  expect((await mandate.apply(smallManifest(upstream.url))).status).toBe(200);
  key = (await mandate.credential("notes")).key;
});
afterAll(async () => {
  signalDatabase("SIGCONT");
  await mandate?.stop();
  await upstream?.close();
});

/** Process ids of the embedded server: the one named in postmaster.pid and its children. */
function databaseProcesses(): number[] {
  const found: number[] = [];
  const walk = (directory: string) => {
    for (const entry of readdirSync(directory, { withFileTypes: true })) {
      if (entry.isFile() && entry.name === "postmaster.pid") found.push(Number(readFileSync(join(directory, entry.name), "utf8").split("\n")[0]));
      else if (entry.isDirectory() && !["base", "pg_wal", "global"].includes(entry.name)) walk(join(directory, entry.name));
    }
  };
  walk(mandate.dataDir);
  const [postmaster] = found;
  if (!postmaster) throw new Error("no embedded server runs in this data directory");
  const children = execFileSync("ps", ["-o", "pid=", "--ppid", String(postmaster)]).toString().trim().split(/\s+/).map(Number);
  return [postmaster, ...children];
}

function signalDatabase(signal: NodeJS.Signals): void {
  for (const pid of databaseProcesses()) process.kill(pid, signal);
}

test("with the database stopped, calls go on inside the staleness bound and nothing is lost or doubled when it returns", async () => {
  const ids: string[] = [];
  const call = async () => {
    const answer = await mandate.call("/v1/chat/completions", key, chat("hello"));
    expect(answer.status, answer.text).toBe(200);
    ids.push(answer.headers.get("x-mandate-decision")!);
  };
  for (let i = 0; i < 20; i++) await call();
  signalDatabase("SIGSTOP");
  for (let i = 0; i < 50; i++) await call();
  const changed = await Promise.race([
    mandate.api("POST", "/systems/notes/suspend", { reason: "must not be half done" }).then((answer) => answer.status),
    new Promise<number>((done) => setTimeout(() => done(0), 15_000)),
  ]);
  expect([0, 503, 504]).toContain(changed);
  signalDatabase("SIGCONT");
  const seen = async () => (await mandate.api("GET", "/decisions?limit=500&system=notes")).body?.items?.map((item: { id: string }) => item.id) ?? [];
  await expect.poll(async () => (await seen()).length, { timeout: 30_000, interval: 500 }).toBeGreaterThanOrEqual(ids.length);
  const listed = await seen();
  expect(new Set(listed).size).toBe(listed.length);
  for (const id of ids) expect(listed).toContain(id);
  for (const id of ids) expect((await mandate.api("GET", `/decisions/${id}`)).body.terminal).toBe("done");
});
