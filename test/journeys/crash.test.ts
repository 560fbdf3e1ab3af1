import { mkdtempSync, rmSync } from "node:fs";
import { join } from "node:path";
import { tmpdir } from "node:os";
import { afterAll, beforeAll, expect, test } from "vitest";
import { chat, chatCompletion, type Mandate, runCli, smallManifest, startMandate, startUpstream, type Upstream } from "./harness.ts";

/** CI tries a few; `MANDATE_CRASHES=20` is what the guarantee names. */
const crashes = Number(process.env.MANDATE_CRASHES ?? 3);

let mandate: Mandate;
let upstream: Upstream;
let key: string;
const packs = mkdtempSync(join(tmpdir(), "mandate-packs-"));

beforeAll(async () => {
  upstream = await startUpstream();
  upstream.answer = () => ({ chunks: [chatCompletion("gpt-test", "ok")], delayMs: 5 });
  mandate = await startMandate();
  expect((await mandate.apply(smallManifest(upstream.url))).status).toBe(200);
  key = (await mandate.credential("notes")).key;
});
afterAll(async () => {
  await mandate?.stop();
  await upstream?.close();
  rmSync(packs, { recursive: true, force: true });
});

test(`kill -9 under load, ${crashes} times: nothing acknowledged is lost, unfinished calls are closed as unknown`, { timeout: crashes * 40_000 + 60_000 }, async () => {
  const acknowledged = new Set<string>();
  for (let crash = 0; crash < crashes; crash++) {
    let running = true;
    const caller = async () => {
      while (running) {
        const answer = await mandate.call("/v1/chat/completions", key, chat("hello")).catch(() => null);
        const id = answer?.status === 200 ? answer.headers.get("x-mandate-decision") : null;
        if (id) acknowledged.add(id);
      }
    };
    const callers = Array.from({ length: 16 }, caller);
    const before = acknowledged.size;
    await expect.poll(() => acknowledged.size - before, { timeout: 20_000 }).toBeGreaterThan(100);
    await mandate.kill("SIGKILL");
    running = false;
    await Promise.all(callers);
    mandate = await mandate.restart();
  }
  const missing: string[] = [];
  const open: string[] = [];
  for (const id of acknowledged) {
    const answer = await mandate.api("GET", `/decisions/${id}`);
    if (answer.status !== 200) missing.push(id);
    else if (answer.body.terminal !== "done") open.push(`${id} ${answer.body.terminal}`);
  }
  expect(missing).toEqual([]);
  expect(open).toEqual([]);
  let cursor: string | null = null;
  let unfinished = 0;
  do {
    const page: { items: { terminal: string | null }[]; nextCursor: string | null } = (
      await mandate.api("GET", `/decisions?limit=500${cursor ? `&cursor=${encodeURIComponent(cursor)}` : ""}`)
    ).body;
    unfinished += page.items.filter((item) => item.terminal === null).length;
    cursor = page.nextCursor;
  } while (cursor);
  expect(unfinished).toBe(0);

  const file = join(packs, "after-crashes.zip");
  const pack = await runCli(mandate, ["evidence", "pack", "-f", file]);
  expect(pack.code, pack.stderr).toBe(0);
  const verified = await runCli(null, ["evidence", "verify", file, "-o", "json"]);
  expect(verified.code, verified.stdout + verified.stderr).toBe(0);
  const result = JSON.parse(verified.stdout) as { ok: boolean; entries: number };
  expect(result.ok).toBe(true);
  expect(result.entries).toBeGreaterThanOrEqual(2 * acknowledged.size);
});
