import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, expect, test } from "vitest";
import { chat, chatCompletion, type Mandate, runCli, smallManifest, startMandate, startUpstream, type Upstream } from "./harness.ts";

let mandate: Mandate;
let upstream: Upstream;
let key: string;
const directory = mkdtempSync(join(tmpdir(), "mandate-rotate-"));

beforeAll(async () => {
  upstream = await startUpstream();
  upstream.answer = () => ({ chunks: [chatCompletion("gpt-test", "ok")], delayMs: 40 });
  mandate = await startMandate();
  expect((await mandate.apply(smallManifest(upstream.url))).status).toBe(200);
  key = (await mandate.credential("notes")).key;
});
afterAll(async () => {
  await mandate?.stop();
  await upstream?.close();
  rmSync(directory, { recursive: true, force: true });
});

interface Log {
  readonly origin: string;
  readonly size: number;
}
const logs = async (): Promise<readonly Log[]> => (await mandate.api("GET", "/evidence/logs")).body as Log[];
const rotate = (log?: string) => mandate.api("POST", "/evidence/logs/rotate", { reason: "test", ...(log === undefined ? {} : { log }) });
async function decisionsOf(ids: ReadonlySet<string>) {
  const found: { id: string; terminal: string | null; intent: { log: string }; result: { log: string } | null }[] = [];
  for (const id of ids) found.push((await mandate.api("GET", `/decisions/${id}`)).body);
  return found;
}
async function verifiedPack(receipts: readonly string[] = []) {
  const file = join(directory, "pack.zip");
  const pack = await runCli(mandate, ["evidence", "pack", "-f", file]);
  expect(pack.code, pack.stderr).toBe(0);
  const kept = join(directory, "receipts.txt");
  writeFileSync(kept, `${receipts.join("\n")}\n`);
  const verified = await runCli(null, ["evidence", "verify", file, ...(receipts.length === 0 ? [] : ["--receipt", kept]), "-o", "json"]);
  expect(verified.code, verified.stdout + verified.stderr).toBe(0);
  return JSON.parse(verified.stdout) as { ok: boolean; complete: boolean | null; logs: Log[] };
}

test("the key is replaced three times under 64 callers: no call is refused or lost, each ends once, and the pack verifies across it", { timeout: 120_000 }, async () => {
  const answered = new Set<string>();
  const receipts: string[] = [];
  const refused: string[] = [];
  let running = true;
  const callers = Array.from({ length: 64 }, async () => {
    while (running) {
      const answer = await mandate.call("/v1/chat/completions", key, chat("hello"), { "x-mandate-receipt": "1" });
      if (answer.status !== 200) refused.push(`${answer.status} ${answer.text}`);
      else answered.add(answer.headers.get("x-mandate-decision")!);
      const receipt = answer.headers.get("x-mandate-receipt");
      if (receipt !== null && receipts.length < 500) receipts.push(receipt);
    }
  });
  const origins: string[] = [];
  for (let round = 0; round < 3; round++) {
    const before = answered.size;
    await expect.poll(() => answered.size - before, { timeout: 60_000 }).toBeGreaterThan(100);
    const done = await rotate();
    expect(done.status, done.text).toBe(200);
    origins.push(done.body.closed.origin, done.body.origin);
  }
  const control = (await logs()).find((log) => /\/control\/\d+$/.test(log.origin))!;
  expect((await rotate(control.origin)).body).toMatchObject({ closed: { origin: control.origin }, origin: control.origin.replace(/1$/, "2") });
  running = false;
  await Promise.all(callers);
  expect(refused).toEqual([]);
  expect(new Set(origins).size, "four epochs of one writer").toBe(4);

  const result = await verifiedPack(receipts);
  expect(result).toMatchObject({ ok: true, complete: true });
  expect(result.logs.map((log) => log.origin)).toEqual(expect.arrayContaining(origins));
  const decisions = await decisionsOf(answered);
  expect(decisions.filter((one) => one.terminal !== "done")).toEqual([]);
  // With 64 callers on a model that takes a while, some always run across.
  expect(decisions.filter((one) => one.result !== null && one.result.log !== one.intent.log).length).toBeGreaterThan(0);
  // What the store holds: an intent and an outcome of each call, no third, in one epoch or in two.
  const counted = decisions.reduce((sum) => sum + 2, 0);
  expect((await logs()).filter((log) => origins.includes(log.origin)).reduce((sum, log) => sum + log.size, 0)).toBeGreaterThanOrEqual(counted);
  expect((await runCli(mandate, ["evidence", "verify", "-o", "json"])).code).toBe(0);
});

test("what can't be replaced is refused in words", async () => {
  const all = await logs();
  const meta = await rotate(all.find((log) => /\/meta\/\d+$/.test(log.origin))!.origin);
  expect([meta.status, meta.body.code]).toEqual([409, "evidence.not_rotatable"]);
  const closed = await rotate(all.find((log) => /\/control\/1$/.test(log.origin))!.origin);
  expect([closed.status, closed.body.code]).toEqual([409, "evidence.not_rotatable"]);
  expect((await rotate("localhost/nobody/control/9")).status).toBe(404);
  expect((await mandate.api("POST", "/evidence/logs/rotate", {})).status).toBe(400);
});

test("kill -9 in the middle leaves the old log or the new one, and each call ends once", { timeout: 180_000 }, async () => {
  for (const delayMs of [5, 40]) {
    let running = true;
    const answered = new Set<string>();
    const callers = Array.from({ length: 16 }, async () => {
      while (running) {
        const answer = await mandate.call("/v1/chat/completions", key, chat("hello")).catch(() => null);
        const id = answer?.status === 200 ? answer.headers.get("x-mandate-decision") : null;
        if (id) answered.add(id);
      }
    });
    await expect.poll(() => answered.size, { timeout: 60_000 }).toBeGreaterThan(20);
    const asked = rotate().catch(() => null);
    await new Promise((done) => setTimeout(done, delayMs));
    await mandate.kill("SIGKILL");
    running = false;
    await Promise.all([...callers, asked]);
    mandate = await mandate.restart();
    expect((await mandate.call("/v1/chat/completions", key, chat("after"))).status).toBe(200);
    expect((await decisionsOf(answered)).filter((one) => one.terminal !== "done")).toEqual([]);
  }
  let cursor: string | null = null;
  let unfinished = 0;
  do {
    const page: { items: { terminal: string | null }[]; nextCursor: string | null } = (await mandate.api("GET", `/decisions?limit=500${cursor ? `&cursor=${encodeURIComponent(cursor)}` : ""}`)).body;
    unfinished += page.items.filter((item) => item.terminal === null).length;
    cursor = page.nextCursor;
  } while (cursor);
  expect(unfinished).toBe(0);
  expect(await verifiedPack()).toMatchObject({ ok: true });
});
