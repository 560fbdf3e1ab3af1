import { callKinds } from "./call-time.ts";
import type { CallKind, CallTime } from "./call-time.ts";

/** Upper bounds of what is told apart, in milliseconds; what takes longer than the last is counted beyond it. */
export const addedBoundsMs = [0.25, 0.5, 0.75, 1, 1.5, 2, 3, 4, 5, 6, 8, 10, 12, 15, 20, 25, 30, 40, 50, 75, 100, 150, 250, 500, 1_000, 2_500, 5_000, 10_000] as const;

/** Calls of one kind by how long Mandate took of them. */
export interface AddedHistogram {
  readonly kind: CallKind;
  /** One for each bound, and one beyond the last. Not cumulative. */
  readonly counts: readonly number[];
  readonly sumMs: number;
}

/** What a gateway added to the calls of a window. Null where there were none: nothing is known of it. */
export interface AddedLatency {
  readonly calls: number;
  readonly medianMs: number | null;
  readonly p99Ms: number | null;
}

export interface AddedLately extends AddedLatency {
  /** Epoch milliseconds: an hour ago, or the process's start if that is later. */
  readonly sinceMs: number;
  readonly kinds: readonly (AddedLatency & { readonly kind: CallKind })[];
}

const minuteMs = 60_000;
const minutes = 60;
const places = addedBoundsMs.length + 1;

interface Minute {
  /** Number of the minute since the epoch. */
  at: number;
  readonly counts: Uint32Array;
}

/** Since the process's start for a scraper, and over the last hour for people. Bounded: a place for each bound and minute. */
export class AddedTimes {
  readonly #now: () => number;
  readonly #startedMs: number;
  readonly #totals = new Map<CallKind, { readonly counts: Float64Array; sumMs: number }>(callKinds.map((kind) => [kind, { counts: new Float64Array(places), sumMs: 0 }]));
  readonly #lately: Minute[] = [];

  /** @param now epoch milliseconds that never go back */
  constructor(now: () => number) {
    this.#now = now;
    this.#startedMs = now();
  }

  add({ kind, ownMs }: Pick<CallTime, "kind" | "ownMs">): void {
    if (kind === null) return;
    const place = placeOf(ownMs);
    const total = this.#totals.get(kind)!;
    total.counts[place]!++;
    total.sumMs += ownMs;
    this.#minute().counts[callKinds.indexOf(kind) * places + place]!++;
  }

  #minute(): Minute {
    const at = Math.floor(this.#now() / minuteMs);
    let minute = this.#lately.at(-1);
    if (minute?.at !== at) {
      this.#forget(at);
      this.#lately.push((minute = { at, counts: new Uint32Array(callKinds.length * places) }));
    }
    return minute;
  }

  /** This minute and the 59 before it. */
  #forget(at: number): void {
    while (this.#lately.length > 0 && this.#lately[0]!.at <= at - minutes) this.#lately.shift();
  }

  totals(): readonly AddedHistogram[] {
    return callKinds.map((kind) => ({ kind, counts: [...this.#totals.get(kind)!.counts], sumMs: this.#totals.get(kind)!.sumMs }));
  }

  lastHour(): AddedLately {
    const at = Math.floor(this.#now() / minuteMs);
    this.#forget(at);
    const kinds = callKinds.map((kind, index) => {
      const counts = new Array<number>(places).fill(0);
      for (const minute of this.#lately) for (let place = 0; place < places; place++) counts[place]! += minute.counts[index * places + place]!;
      return { kind, counts };
    });
    const all = Array.from({ length: places }, (_none, place) => kinds.reduce((sum, { counts }) => sum + counts[place]!, 0));
    return {
      sinceMs: Math.max(this.#startedMs, (at - minutes + 1) * minuteMs),
      ...latencyOf(all),
      kinds: kinds.map(({ kind, counts }) => ({ kind, ...latencyOf(counts) })),
    };
  }
}

function placeOf(ms: number): number {
  const place = addedBoundsMs.findIndex((bound) => ms <= bound);
  return place < 0 ? addedBoundsMs.length : place;
}

function latencyOf(counts: readonly number[]): AddedLatency {
  const calls = counts.reduce((sum, count) => sum + count, 0);
  return { calls, medianMs: quantileMs(counts, 0.5), p99Ms: quantileMs(counts, 0.99) };
}

/**
 * As `histogram_quantile` of Prometheus estimates it, so that both tell the same: evenly spread inside a bucket, the last
 * bound for what lies beyond it. @returns null: there is nothing to tell of
 */
export function quantileMs(counts: readonly number[], quantile: number): number | null {
  const calls = counts.reduce((sum, count) => sum + count, 0);
  if (calls === 0) return null;
  const rank = quantile * calls;
  let before = 0;
  for (const [place, count] of counts.entries()) {
    if (count > 0 && before + count >= rank) {
      const upper = addedBoundsMs[place];
      if (upper === undefined) break;
      const lower = place === 0 ? 0 : addedBoundsMs[place - 1]!;
      return Math.round((lower + ((rank - before) / count) * (upper - lower)) * 100) / 100;
    }
    before += count;
  }
  return addedBoundsMs.at(-1)!;
}
