import type { ServerLog } from "../log.ts";

/**
 * Work that the clock starts: reminders, measures, deliveries. INVARIANT (G5): nothing ends because a job ran; ends are
 * compared with the clock where they matter. A job is idempotent, so running it twice, or late, changes nothing more.
 */
export interface Job {
  readonly name: string;
  readonly everyMs: number;
  readonly run: () => Promise<void>;
}

export interface RunningJobs {
  /** Runs every job once, now, one after the other. */
  runAll(): Promise<void>;
  close(): Promise<void>;
}

/** A slow job's first turn comes soon after the start: what ended while nothing ran must not wait an hour to be told. */
const firstTurnMs = 3_000;

/** Runs each job every `everyMs`, never beside itself; a failure is logged and the next turn tries again. */
export function startJobs(jobs: readonly Job[], log: ServerLog): RunningJobs {
  const running = new Map<string, Promise<void>>();
  const turn = (job: Job): Promise<void> => {
    const current = running.get(job.name);
    if (current !== undefined) return current;
    const started = job
      .run()
      .catch((error: unknown) => log.warn("job failed", { job: job.name, internal: String(error) }))
      .finally(() => running.delete(job.name));
    running.set(job.name, started);
    return started;
  };
  const timers = jobs.flatMap((job) => [
    setInterval(() => void turn(job), job.everyMs).unref(),
    ...(job.everyMs > firstTurnMs ? [setTimeout(() => void turn(job), firstTurnMs).unref()] : []),
  ]);
  return {
    async runAll() {
      for (const job of jobs) await turn(job);
    },
    async close() {
      for (const timer of timers) clearTimeout(timer);
      await Promise.all(running.values());
    },
  };
}
