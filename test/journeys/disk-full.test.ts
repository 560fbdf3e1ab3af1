import { execFileSync } from "node:child_process";
import { mkdtempSync, rmSync, statfsSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, expect, test } from "vitest";
import { chat, type Mandate, smallManifest, startMandate, startUpstream, type Upstream } from "./harness.ts";

/** A disk of its own that can be filled; only root may mount one. */
const disk = mkdtempSync(join(tmpdir(), "mandate-disk-"));
const mounted = (() => {
  try {
    execFileSync("mount", ["-t", "tmpfs", "-o", "size=400m,mode=0755", "tmpfs", disk], { stdio: "ignore" });
    return true;
  } catch {
    return false;
  }
})();

let mandate: Mandate;
let upstream: Upstream;
let key: string;

beforeAll(async () => {
  if (!mounted) return;
  upstream = await startUpstream();
  mandate = await startMandate({ dataDir: join(disk, "data") });
  expect((await mandate.apply(smallManifest(upstream.url))).status).toBe(200);
  key = (await mandate.credential("notes")).key;
});
afterAll(async () => {
  await mandate?.stop();
  await upstream?.close();
  if (mounted) execFileSync("umount", ["-l", disk]);
  rmSync(disk, { recursive: true, force: true });
});

let parts = 0;

function fillDisk(): void {
  const { bavail, bsize } = statfsSync(disk);
  for (let bytes = bavail * bsize; bytes > 0; ) {
    const step = Math.min(bytes, 64 * 1024 * 1024);
    try {
      writeFileSync(join(disk, `filler-${parts++}`), Buffer.alloc(step, 1));
    } catch {
      return;
    }
    bytes -= step;
  }
}

function freeDisk(): void {
  for (let part = 0; part < parts; part++) rmSync(join(disk, `filler-${part}`), { force: true });
}

test.skipIf(!mounted)("G3 with the disk full: calls are refused before anything goes upstream, readiness says so, and it recovers by itself", async () => {
  const call = () => mandate.call("/v1/chat/completions", key, chat("x".repeat(20_000)));
  expect((await call()).status).toBe(200);
  fillDisk();
  let refused = await call();
  // The database lives on the same disk and gives space back as it recycles its log: full means full again.
  // And the journal's file has a megabyte of room of its own, laid out before the disk was full.
  for (let tries = 0; tries < 200 && refused.status === 200; tries++) {
    fillDisk();
    const answers = await Promise.all(Array.from({ length: 20 }, call));
    refused = answers.find((one) => one.status !== 200) ?? refused;
  }
  expect([refused.status, refused.body?.error?.code], refused.text).toEqual([503, "evidence_unavailable"]);
  const before = upstream.requests.length;
  expect((await call()).status).toBe(503);
  expect(upstream.requests.length).toBe(before);
  const readiness = await fetch(`${mandate.gateway}/readyz`);
  expect(readiness.status).toBe(503);
  expect(await readiness.text()).toMatch(/evidence/);
  freeDisk();
  await expect.poll(async () => (await call()).status, { timeout: 30_000, interval: 300 }).toBe(200);
});
