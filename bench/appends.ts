/**
 * Evidence appends at 64 appenders: journal with group commit, sealing, sequencing into the embedded PostgreSQL, tree, signed head.
 * Measured twice: `header`, entries alone; `sealed`, each with payload and evaluation context, encrypted and stored.
 * Each appender waits until its entry is integrated under a signed head, then writes the next. Beside it, measured in the
 * same run: how often a second this disk flushes 4 KB.
 *
 *   node bench/appends.ts [--seconds 10] [--appenders 64]
 */
import { randomFillSync } from "node:crypto";
import { closeSync, fdatasyncSync, mkdtempSync, openSync, rmSync, writeSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { Journal, JournalSink, Sealer } from "@mandate/gateway";
import type { EntryDraft, JournalReader } from "@mandate/gateway";
import { openDatabase } from "@mandate/server/database";
import { openEvidence, rehash } from "@mandate/server/evidence";

function option(name: string, fallback: number): number {
  const index = process.argv.indexOf(`--${name}`);
  return index < 0 ? fallback : Number(process.argv[index + 1]);
}

function flushesPerSecond(directory: string, forMs: number): number {
  const file = openSync(join(directory, "flush"), "w");
  const block = Buffer.alloc(4096, 1);
  const end = performance.now() + forMs;
  let flushes = 0;
  while (performance.now() < end) {
    writeSync(file, block, 0, block.length, (flushes % 1024) * block.length);
    fdatasyncSync(file);
    flushes += 1;
  }
  closeSync(file);
  return (flushes * 1000) / forMs;
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

const flushes = flushesPerSecond(directory, 2_000);
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
  kind: string,
  entry: EntryDraft,
  number: number,
  until: number,
  measured: boolean,
): Promise<void> {
  for (let turn = 0; performance.now() < until; turn += 1) {
    const started = performance.now();
    const ref = await sink.decision({ ...entry, decisionId: `dec_${kind}${measured ? "m" : "w"}${number}_${turn}` });
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
    Promise.all(Array.from({ length: appenders }, (_, number) => appender(kind, entry, number, until, measured)));
  appended = durableMs.length = integratedMs.length = 0;
  await all(performance.now() + 1_500, false);
  const startedAt = performance.now();
  await all(startedAt + seconds * 1_000, true);
  const rate = (appended * 1_000) / (performance.now() - startedAt);
  sorted(durableMs);
  sorted(integratedMs);
  console.log(
    `${appenders} appenders, ${seconds} s, ${kind}: ${rate.toFixed(0)} entries/s durable, integrated, signed (${(rate / flushes).toFixed(2)} for each flush the disk can do)`,
  );
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

console.log(`disk: ${flushes.toFixed(0)} flushes of 4 KB a second`);
await run("header", bare);
await run("sealed", draft);
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
