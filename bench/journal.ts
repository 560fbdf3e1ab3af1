/** Journal: durable appends a second at 64 appenders, and the CPU of sealing and writing a request's two entries. */
import { rmSync } from "node:fs";
import { cpuUsage } from "node:process";
import { openTestJournal, testDirectory, testDraft } from "../packages/gateway/src/evidence/test-journal.ts";

const appenders = 64;
const runMs = Number(process.env.JOURNAL_MS ?? 5000);
const targetAppends = 5000;
const targetMicros = 60;

const text = (n: number) => Buffer.from(`${n} `.padEnd(1024, "Summarise the attached ticket and answer politely. "));
const percentile = (sorted: readonly number[], part: number) => sorted[Math.floor(sorted.length * part)] ?? 0;

async function appends(): Promise<number> {
  const directory = testDirectory();
  const { journal, sink } = openTestJournal(directory, { maxBytes: 16 * 2 ** 30, maxSystemBytes: 16 * 2 ** 30 });
  const latencies: number[] = [];
  const end = performance.now() + runMs;
  const acknowledged = journal.onDurable(() => void journal.acknowledge(journal.size(), journal.size()));
  const startedMs = performance.now();
  const append = async (): Promise<void> => {
    while (performance.now() < end) {
      const from = performance.now();
      await sink.decision(testDraft(`dec_${latencies.length}`, { type: "decision" }));
      latencies.push(performance.now() - from);
    }
  };
  await Promise.all(Array.from({ length: appenders }, append));
  const perSecond = latencies.length / ((performance.now() - startedMs) / 1000);
  acknowledged();
  await journal.close();
  rmSync(directory, { recursive: true });
  latencies.sort((a, b) => a - b);
  console.log(
    `${perSecond.toFixed(0)} durable appends/s at ${appenders} appenders (target ${targetAppends}), ` +
      `p50 ${percentile(latencies, 0.5).toFixed(1)} ms, p99 ${percentile(latencies, 0.99).toFixed(1)} ms`,
  );
  return perSecond;
}

/** Intent with a new 1 KB message, outcome with a 1 KB answer, 64 calls in flight. */
async function requests(): Promise<number> {
  const directory = testDirectory();
  const { journal, sink } = openTestJournal(directory, { maxBytes: 16 * 2 ** 30, maxSystemBytes: 16 * 2 ** 30 });
  let calls = 0;
  const run = async (durationMs: number): Promise<void> => {
    const end = performance.now() + durationMs;
    const call = async (): Promise<void> => {
      while (performance.now() < end) {
        const id = `dec_${calls++}`;
        await sink.intent(testDraft(id, { messages: [text(calls)], sessionId: `s${calls % 1000}` }));
        const answer = { type: "call.outcome", payload: { answer: text(calls).toString() } } as const;
        await sink.outcome({ ...testDraft(id, answer), terminal: "done" });
      }
    };
    await Promise.all(Array.from({ length: appenders }, call));
  };
  await run(1000);
  calls = 0;
  const before = cpuUsage();
  await run(runMs);
  const { user, system } = cpuUsage(before);
  const micros = (user + system) / calls;
  console.log(
    `${micros.toFixed(0)} µs CPU a request (user ${(user / calls).toFixed(0)}, system ${(system / calls).toFixed(0)}): ` +
      `two entries, three sealed payloads of some 1 KB, flushes included (target ${targetMicros})`,
  );
  await journal.close();
  rmSync(directory, { recursive: true });
  return micros;
}

const perSecond = await appends();
await requests();
if (perSecond < targetAppends) process.exitCode = 1;
