import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, expect, test } from "vitest";
import { chat, smallManifest, startMandate, startUpstream } from "../harness.ts";

// An administrator who sets the machine's clock.

const folder = mkdtempSync(join(tmpdir(), "mandate-clock-"));
afterAll(() => rmSync(folder, { recursive: true, force: true }));

test("a clock set back before a restart brings nothing to life that has ended", async () => {
  const shift = join(folder, "shift.mjs");
  const upstream = await startUpstream();
  let mandate = await startMandate();
  try {
    const ends = new Date(Date.now() + 4_000).toISOString();
    const applied = await mandate.apply(smallManifest(upstream.url).replace("  audience:", `  pilot: { ends: "${ends}" }\n  audience:`));
    expect(applied.status, applied.text).toBe(200);
    const { key } = await mandate.credential("notes");
    const call = async () => (await mandate.call("/v1/chat/completions", key, chat("hello"))).body?.error?.code ?? null;
    expect(await call()).toBeNull();
    await expect.poll(call, { timeout: 8_000, interval: 100 }).toBe("authorization_expired");
    await mandate.kill("SIGTERM");
    // Two seconds before the end, and slow, so that a slow start doesn't pass it.
    writeFileSync(shift, `Date.now = () => ${Date.parse(ends) - 2_000} + Math.floor(performance.now() / 1_000);`);
    const before = upstream.requests.length;
    const ports = [mandate.url, mandate.gateway].map((url) => Number(new URL(url).port)) as [number, number];
    mandate = await startMandate({ dataDir: mandate.dataDir, ports, env: { NODE_OPTIONS: `--import=${shift}` } });
    expect(await call()).toBe("authorization_expired");
    expect(upstream.requests.length).toBe(before);
  } finally {
    await mandate.stop();
    await upstream.close();
  }
});
