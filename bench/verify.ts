/**
 * Offline verification of a pack of 1,000,000 entries: at most 60 s on one core and 500 MB, by a process that reads the file.
 * `VERIFY_ENTRIES` changes the number.
 */
import { spawnSync } from "node:child_process";
import { closeSync, mkdtempSync, openSync, rmSync, statSync, writeSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { cpuUsage, memoryUsage, resourceUsage } from "node:process";
import { verifyPack, writePack } from "../packages/ledger/src/index.ts";
import { fileSource } from "../packages/ledger/src/node.ts";
import { samplePackParts, sampleStore } from "../packages/ledger/src/pack/sample-pack.ts";

const entries = Number(process.env.VERIFY_ENTRIES ?? 1_000_000);
const limitSeconds = 60;
const limitMegabytes = 500;
const seconds = (since: number): string => ((performance.now() - since) / 1000).toFixed(1);

async function build(path: string): Promise<void> {
  const startedMs = performance.now();
  const store = sampleStore(entries, 1000);
  console.log(`made ${entries.toLocaleString("en")} entries in ${seconds(startedMs)} s`);
  const parts = { ...samplePackParts(store), disclosures: store.payloads };
  const builtMs = performance.now();
  const before = memoryUsage().rss;
  const file = openSync(path, "wx");
  await writePack(parts, (bytes) => void writeSync(file, bytes));
  closeSync(file);
  console.log(
    `wrote a pack of ${(statSync(path).size / 2 ** 20).toFixed(0)} MiB, one proof file an entry, in ${seconds(builtMs)} s, ` +
      `${((memoryUsage().rss - before) / 2 ** 20).toFixed(0)} MiB beyond the entries themselves`,
  );
}

async function verify(path: string): Promise<void> {
  const source = fileSource(path);
  const startedMs = performance.now();
  const result = await verifyPack(source);
  const { user, system } = cpuUsage();
  const cpu = (user + system) / 1e6;
  const peak = resourceUsage().maxRSS / 1024;
  console.log(`verified ${result.entries.toLocaleString("en")} entries, ok: ${result.ok}`);
  console.log(
    `wall ${seconds(startedMs)} s, CPU ${cpu.toFixed(1)} s (start of Node and garbage collection included), ` +
      `${((cpu * 1e6) / entries).toFixed(1)} µs an entry, peak ${peak.toFixed(0)} MiB`,
  );
  // Verification is one thread, so its CPU time is what one core needs; the wall also waits for the machine's other work.
  const scaled = (cpu * 1_000_000) / entries;
  console.log(
    `target: 1,000,000 entries in ${limitSeconds} s and ${limitMegabytes} MiB; measured ${scaled.toFixed(1)} s (${(scaled / limitSeconds).toFixed(2)} of it), ${peak.toFixed(0)} MiB`,
  );
  if (!result.ok || scaled > limitSeconds || peak > limitMegabytes) process.exitCode = 1;
}

const [packPath] = process.argv.slice(2);
if (packPath !== undefined) await verify(packPath);
else {
  const folder = mkdtempSync(join(tmpdir(), "mandate-verify-"));
  try {
    const path = join(folder, "pack.zip");
    await build(path);
    // In a process of its own, so that what the building used doesn't count.
    process.exitCode = spawnSync(process.execPath, [import.meta.filename, path], { stdio: "inherit" }).status ?? 1;
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}
