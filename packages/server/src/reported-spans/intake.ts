import type { KeptSpan } from "@mandate/gateway";
import type { Database } from "../database/index.ts";
import type { Job } from "../jobs/index.ts";
import { dropSpans, insertSpans } from "./store.ts";

const keptMs = 7 * 86_400_000;
const maxKeptOfSystem = 100_000;
/** Beyond it what comes is dropped until the store has taken what waits. */
const maxWaiting = 20_000;
const writeEveryMs = 1_000;

export interface SpanIntakeDeps {
  readonly db: Database;
  readonly org: string;
  readonly now: () => number;
  readonly failed: (error: unknown) => void;
}

/** Collects spans that gateways pass on and writes them once a second; whoever reads flushes first. */
export class SpanIntake {
  readonly #deps: SpanIntakeDeps;
  #waiting = new Map<string, KeptSpan[]>();
  #count = 0;
  #timer: NodeJS.Timeout | undefined;

  constructor(deps: SpanIntakeDeps) {
    this.#deps = deps;
  }

  /** Never throws. */
  add(system: string, spans: readonly KeptSpan[]): void {
    const some = spans.slice(0, Math.max(0, maxWaiting - this.#count));
    this.#count += some.length;
    this.#waiting.set(system, [...(this.#waiting.get(system) ?? []), ...some]);
    this.#timer ??= setTimeout(() => void this.flush(), writeEveryMs);
  }

  async flush(): Promise<void> {
    clearTimeout(this.#timer);
    this.#timer = undefined;
    const waiting = this.#waiting;
    this.#waiting = new Map();
    this.#count = 0;
    if (waiting.size === 0) return;
    const { db, org, now, failed } = this.#deps;
    try {
      await db.transaction(org, async (tx) => {
        for (const [system, spans] of waiting) await insertSpans(tx, org, system, spans, new Date(now()));
      });
    } catch (error) {
      failed(error);
    }
  }

  /** A week is kept, and at most 100,000 of a system. */
  get job(): Job {
    const { db, org, now } = this.#deps;
    return { name: "drop reported spans", everyMs: 3_600_000, run: () => db.transaction(org, (tx) => dropSpans(tx, org, new Date(now() - keptMs), maxKeptOfSystem)) };
  }
}
