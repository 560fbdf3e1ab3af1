/**
 * Evidence appends at 64 appenders: journal with group commit, sealing, sequencing into the embedded PostgreSQL, tree, signed head.
 * Measured twice: `header`, entries alone; `sealed`, each with payload and evaluation context, encrypted and stored.
 * Each appender waits until its entry is integrated under a signed head, then writes the next. Beside it, measured
 * while they append: how long this disk takes to flush 4 KB.
 *
 *   node bench/appends.ts [--seconds 10] [--appenders 64]
 */
import { randomFillSync } from "node:crypto";
import { mkdtempSync, readdirSync, readFileSync, rmSync } from "node:fs";
import { open } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { setTimeout as delay } from "node:timers/promises";
import { Journal, JournalSink, Sealer } from "@mandate/gateway";
import type { EntryDraft, JournalReader } from "@mandate/gateway";
import { openDatabase } from "@mandate/server/database";
import { newId } from "@mandate/model";
import { openEvidence, rehash } from "@mandate/server/evidence";
import { sql } from "kysely";

function option(name: string, fallback: number): number {
  const index = process.argv.indexOf(`--${name}`);
  return index < 0 ? fallback : Number(process.argv[index + 1]);
}

/** Flushes 4 KB every 100 ms while `work` runs: what this disk does for others at that moment. @returns its result, and milliseconds each flush took, sorted */
async function besideFlushes<T>(directory: string, work: Promise<T>): Promise<{ result: T; flushMs: number[] }> {
  const file = await open(join(directory, "flush"), "w");
  const block = Buffer.alloc(4096, 1);
  const flushMs: number[] = [];
  let running = true;
  const done = work.finally(() => (running = false));
  while (running) {
    const started = performance.now();
    await file.write(block, 0, block.length, (flushMs.length % 1024) * block.length);
    await file.datasync();
    flushMs.push(performance.now() - started);
    await delay(100);
  }
  await file.close();
  return { result: await done, flushMs: sorted(flushMs) };
}

/** CPU that the embedded database's processes have used, in microseconds; NaN where the system doesn't say. */
function databaseCpuMicros(dataDir: string): number {
  try {
    const postmaster = readFileSync(join(dataDir, "postgres", "postmaster.pid"), "utf8").split("\n")[0]!;
    let ticks = 0;
    for (const pid of readdirSync("/proc").filter((name) => /^\d+$/.test(name))) {
      const fields = readStat(pid);
      // After the name: parent, …, then user and system time, and those of children that ended.
      if (fields !== undefined && (pid === postmaster || fields[1] === postmaster)) ticks += Number(fields[11]) + Number(fields[12]) + (pid === postmaster ? Number(fields[13]) + Number(fields[14]) : 0);
    }
    return ticks * 10_000;
  } catch {
    return Number.NaN;
  }
}

function readStat(pid: string): string[] | undefined {
  try {
    return readFileSync(`/proc/${pid}/stat`, "utf8").replace(/^.*\) /s, "").split(" ");
  } catch {
    return undefined;
  }
}

function percentile(sorted: readonly number[], share: number): number {
  return sorted[Math.min(sorted.length - 1, Math.floor(sorted.length * share))] ?? Number.NaN;
}

function sorted(values: number[]): number[] {
  return values.sort((a, b) => a - b);
}

const seconds = option("seconds", 10);
const appenders = option("appenders", 64);
const directory = mkdtempSync(join(tmpdir(), "mandate-bench-"));
const random = <T extends Uint8Array>(bytes: T): T => randomFillSync(bytes);
const org = "org_bench";
const draft: EntryDraft = {
  type: "decision",
  decisionId: "",
  system: "support-concierge",
  policyVersion: "p1",
  registerVersion: 7,
  outcome: "deny",
  approvals: [],
  retention: "T2",
  payload: {
    caller: { credential: "cred_1" },
    action: "tool.call",
    resource: "tool:refunds.issue",
    reason: "Refunds over 50 EUR need a person.",
  },
  messages: [],
  sessionId: null,
  context: {
    request: { system: "support-concierge", purpose: "support", now: 1_790_000_000 },
    detectors: { pii: "1" },
  },
  terminal: "refused",
  summary: {
    action: "tool.call",
    resource: "tool:refunds.issue",
    outcome: "deny",
    code: "policy",
    reason: "Refunds over 50 EUR need a person.",
    rule: "refunds",
    surface: "authzen",
    credential: "cred_1",
    approval: null,
    durationMs: 1,
    tokens: null,
  },
};

const db = await openDatabase({ dataDir: join(directory, "data") });
await db.ensureOrganization({ id: org, name: "bench", now: new Date() });
const evidence = await openEvidence({
  db,
  org,
  host: "localhost",
  organization: "bench",
  now: Date.now,
  random,
  masterKey: random(new Uint8Array(32)),
});
const { origin } = await evidence.ensureLog("gw-bench");
const key = (await evidence.sealingKeys(["support-concierge"]))[0]!;
const journal = new Journal({ directory: join(directory, "journal"), signer: evidence.signerOf(origin) });
const sink = new JournalSink(journal, new Sealer({ origin, clock: Date.now, random, sealingKey: () => key }));

/** Appenders waiting for the head to pass their entry. */
const waiting: { seq: number; resolve: () => void }[] = [];
const reader: JournalReader = {
  origin,
  writerKey: journal.writerKey,
  read: (from, bytes) => journal.read(from, bytes),
  size: () => journal.size(),
  onDurable: (listener) => journal.onDurable(listener),
  async acknowledge(seq, checkpointSize) {
    await journal.acknowledge(seq, checkpointSize);
    let kept = 0;
    for (const waiter of waiting) {
      if (waiter.seq < seq) waiter.resolve();
      else waiting[kept++] = waiter;
    }
    waiting.length = kept;
  },
};
let running: Promise<unknown> | undefined;
const sequence = (): void => {
  running ??= evidence.sequence(reader).finally(() => {
    running = undefined;
    if (waiting.some((waiter) => waiter.seq < journal.size())) sequence();
  });
};
journal.onDurable(sequence);

const bare: EntryDraft = { ...draft, payload: null, context: null };
let appended = 0;
const durableMs: number[] = [];
const integratedMs: number[] = [];
async function appender(
  entry: EntryDraft,
  until: number,
  measured: boolean,
): Promise<void> {
  while (performance.now() < until) {
    const started = performance.now();
    const ref = await sink.decision({ ...entry, decisionId: newId("decision", Date.now(), random) });
    const durable = performance.now();
    await new Promise<void>((resolve) => {
      waiting.push({ seq: ref.index, resolve });
      sequence();
    });
    if (!measured) continue;
    appended += 1;
    durableMs.push(durable - started);
    integratedMs.push(performance.now() - started);
  }
}

/** @returns entries a second */
async function run(kind: string, entry: EntryDraft): Promise<number> {
  const all = (until: number, measured: boolean): Promise<unknown> =>
    Promise.all(Array.from({ length: appenders }, () => appender(entry, until, measured)));
  appended = durableMs.length = integratedMs.length = 0;
  await all(performance.now() + 1_500, false);
  const startedAt = performance.now();
  const cpuBefore = process.cpuUsage();
  const databaseBefore = databaseCpuMicros(join(directory, "data"));
  const { flushMs } = await besideFlushes(directory, all(startedAt + seconds * 1_000, true));
  const elapsedMs = performance.now() - startedAt;
  const rate = (appended * 1_000) / elapsedMs;
  const cpu = process.cpuUsage(cpuBefore);
  const databaseMicros = databaseCpuMicros(join(directory, "data")) - databaseBefore;
  const flushP50Ms = percentile(flushMs, 0.5);
  sorted(durableMs);
  sorted(integratedMs);
  console.log(
    `${appenders} appenders, ${seconds} s, ${kind}: ${rate.toFixed(0)} entries/s durable, integrated, signed (${((rate * flushP50Ms) / 1_000).toFixed(1)} in the time of one flush)`,
  );
  console.log(
    `  the disk meanwhile:     a flush of 4 KB p50 ${flushP50Ms.toFixed(1)} ms, p99 ${percentile(flushMs, 0.99).toFixed(1)} ms; this process used ${((cpu.user + cpu.system) / elapsedMs / 10).toFixed(0)} % of one core`,
  );
  console.log(`  CPU an entry:           ${((cpu.user + cpu.system) / appended).toFixed(0)} µs here (appenders included), ${(databaseMicros / appended).toFixed(0)} µs in the database`);
  console.log(
    `  durable in the journal: p50 ${percentile(durableMs, 0.5).toFixed(1)} ms, p99 ${percentile(durableMs, 0.99).toFixed(1)} ms`,
  );
  console.log(
    `  integrated and signed:  p50 ${percentile(integratedMs, 0.5).toFixed(1)} ms, p99 ${percentile(integratedMs, 0.99).toFixed(1)} ms`,
  );
  console.log(
    `  ${rate >= 5_000 && percentile(integratedMs, 0.99) < 50 ? "target met" : "target missed"}: 5,000 entries/s, p99 under 50 ms`,
  );
  return rate;
}

/** Rows of as many bytes as a sealed entry brings, in a table of one key, as many in a batch as there are appenders. @returns rows a second */
async function plainInserts(bytes: number): Promise<number> {
  const buffer = random(new Uint8Array(bytes * appenders));
  const [offsets, lengths] = [Array.from({ length: appenders }, (_, at) => 1 + at * bytes), Array.from({ length: appenders }, () => bytes)];
  let rows = 0;
  const startedAt = performance.now();
  while (performance.now() - startedAt < 3_000) {
    await db.transaction(org, (tx) => sql`INSERT INTO facts_chunk (org, digest, bytes) SELECT ${org}, sha256(convert_to(${String(rows)} || part.at::text, 'UTF8')), substring(${Buffer.from(buffer)}::bytea FROM part.off FOR part.len)
      FROM unnest(${offsets}::int[], ${lengths}::int[]) WITH ORDINALITY AS part(off, len, at)`.execute(tx));
    rows += appenders;
  }
  return (rows * 1_000) / (performance.now() - startedAt);
}

await run("header", bare);
const sealedRate = await run("sealed", draft);
const plainRate = await plainInserts(1_700);
console.log(`plain INSERTs of 1,700 random bytes and a hash, ${appenders} a transaction: ${plainRate.toFixed(0)} rows/s; sealed entries are ${((sealedRate / plainRate) * 100).toFixed(0)} % of that`);
await evidence.publishCheckpoints();
const checkedAt = performance.now();
const checked = await rehash(db, org);
const rehashSeconds = (performance.now() - checkedAt) / 1_000;
await journal.close();
await db.close();
rmSync(directory, { recursive: true, force: true });

console.log(
  `re-hash of ${checked.entries} entries and ${checked.payloads} payloads: ${rehashSeconds.toFixed(1)} s, ${checked.problems.length} problems`,
);
process.exitCode = checked.ok ? 0 : 1;
