/** Offline verification of a pack of 1,000,000 entries: at most 60 s on one core. `VERIFY_ENTRIES` changes the number. */
import { cpuUsage, memoryUsage } from "node:process";
import { buildPack, verifyPack } from "../packages/ledger/src/index.ts";
import { samplePackParts, sampleStore } from "../packages/ledger/src/pack/sample-pack.ts";

const entries = Number(process.env.VERIFY_ENTRIES ?? 1_000_000);
const limitSeconds = 60;

function seconds(since: number): string {
  return ((performance.now() - since) / 1000).toFixed(1);
}

const startedMs = performance.now();
const store = sampleStore(entries, 1000);
console.log(`made ${entries.toLocaleString("en")} entries in ${seconds(startedMs)} s`);
const builtMs = performance.now();
const parts = samplePackParts(store);
const pack = await buildPack({ ...parts, disclosures: store.payloads });
console.log(
  `built a pack of ${(pack.length / 2 ** 20).toFixed(0)} MiB, one proof file an entry, in ${seconds(builtMs)} s`,
);
store.gateway.leaves.length = 0;
globalThis.gc?.();

const before = cpuUsage();
const verifiedMs = performance.now();
const result = await verifyPack(pack);
const wall = (performance.now() - verifiedMs) / 1000;
const { user, system } = cpuUsage(before);
const cpu = (user + system) / 1e6;
console.log(`verified ${result.entries.toLocaleString("en")} entries, ok: ${result.ok}`);
console.log(
  `wall ${wall.toFixed(1)} s, CPU ${cpu.toFixed(1)} s (garbage collection on other threads included), ` +
    `${((cpu * 1e6) / entries).toFixed(1)} µs an entry, peak ${(memoryUsage().rss / 2 ** 20).toFixed(0)} MiB`,
);
// Verification is one thread, so its CPU time is what one core needs; the wall also waits for the machine's other work.
const scaled = (cpu * 1_000_000) / entries;
console.log(
  `target: 1,000,000 entries in ${limitSeconds} s; measured ${scaled.toFixed(1)} s (${(scaled / limitSeconds).toFixed(2)} of it)`,
);
if (!result.ok || scaled > limitSeconds) process.exitCode = 1;
