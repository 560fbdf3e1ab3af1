/** A part of a limit that one gateway may use without asking again. */
export interface LeaseAsk {
  /** What is limited and for whom: `system:NAME calls day`. */
  readonly key: string;
  /** The window: `2026-11-23`, `2026-11`, `2026-11-23T05:30`. */
  readonly span: string;
  readonly limit: number;
  /** How much more is asked for; less, or nothing, may be granted. */
  readonly want: number;
  /** Taken without asking while the control plane was away: it counts, whatever the limit says. */
  readonly owed: number;
  /** Hash of whom a limit of heads counts: the same one counts once, whoever asks. */
  readonly member?: string;
}

export interface LeaseGrant {
  /** 0 to `want`. */
  readonly granted: number;
  /** Granted to all gateways together, what was owed included. */
  readonly total: number;
}

/** One compare-and-set at the control plane: what two gateways hold together never passes the limit. Rejects while it is away. */
export type Lease = (ask: LeaseAsk) => Promise<LeaseGrant>;

/** One in so many parts of a limit is leased at once: few questions, and little that lies idle elsewhere. */
const parts = 20;
const emptyForMs = 1_000;

interface Count {
  span: string;
  used: number;
  /** Leased here; the whole limit where nobody shares it. */
  held: number;
  owed: number;
  /** One self-granted slice a window: that is the overshoot. */
  alone: boolean;
  asking: Promise<boolean> | undefined;
  /** Nothing was left: not asked again until then, so that refused calls cost the control plane nothing. */
  emptyUntilMs: number;
}

export interface CounterOptions {
  readonly lease: Lease | null;
  readonly warn: (event: string, details: Readonly<Record<string, unknown>>) => void;
}

const maxCounts = 200_000;

/** Counts against limits, each in its window. */
export class Counters {
  readonly #options: CounterOptions;
  readonly #counts = new Map<string, Count>();

  constructor(options: CounterOptions) {
    this.#options = options;
  }

  /** Used in this window here, the reserved included. */
  used(key: string, span: string): number {
    return this.#count(key, span).used;
  }

  /** Whether `need` more fits into what this gateway holds. */
  fits(key: string, span: string, limit: number, need: number): boolean {
    const count = this.#count(key, span);
    const held = this.#options.lease === null ? limit : Math.min(count.held, limit + count.owed);
    return count.used + need <= held;
  }

  add(key: string, span: string, amount: number): void {
    const count = this.#count(key, span);
    count.used = Math.max(0, count.used + amount);
  }

  /** Gives back what a call reserved and didn't use, unless its window is over. */
  addIfCurrent(key: string, span: string, amount: number): void {
    if (this.#counts.get(key)?.span === span) this.add(key, span, amount);
  }

  /** Asks for another slice. False: there is none. One question at a time for each counter. */
  async lease(key: string, span: string, limit: number, need: number, nowMs: number): Promise<boolean> {
    const { lease } = this.#options;
    const count = this.#count(key, span);
    if (lease === null || count.used + need > limit + count.owed || nowMs < count.emptyUntilMs) return false;
    count.asking ??= this.#ask(lease, key, count, limit, need).finally(() => (count.asking = undefined));
    const granted = await count.asking;
    if (!granted) count.emptyUntilMs = nowMs + emptyForMs;
    return granted;
  }

  async #ask(lease: Lease, key: string, count: Count, limit: number, need: number): Promise<boolean> {
    const { span, owed } = count;
    const short = count.used + need - count.held;
    const want = Math.max(short, Math.floor(limit / parts), 1);
    try {
      const { granted, total } = await lease({ key, span, limit, want, owed });
      count.owed -= owed;
      count.held += granted;
      if (total > limit && owed > 0) this.#options.warn("limits.overshot", { key, span, limit, by: total - limit });
      return granted > 0;
    } catch (error) {
      if (count.alone) return false;
      // Calls go on inside their tier's staleness bound; what that costs beyond the limit is this one slice.
      const slice = Math.max(1, Math.floor(limit / parts));
      count.alone = true;
      count.owed += slice;
      count.held += slice;
      this.#options.warn("limits.slice_taken_alone", { key, span, limit, slice, internal: error instanceof Error ? error.name : "unknown" });
      return true;
    }
  }

  #count(key: string, span: string): Count {
    const known = this.#counts.get(key);
    if (known?.span === span) return known;
    const count = { span, used: 0, held: 0, owed: 0, alone: false, asking: undefined, emptyUntilMs: 0 };
    this.#counts.delete(key);
    this.#counts.set(key, count);
    if (this.#counts.size > maxCounts) this.#forget();
    return count;
  }

  /** The oldest half: whoever of them calls again leases anew, and counts no less at the control plane. */
  #forget(): void {
    for (const key of this.#counts.keys()) {
      if (this.#counts.size <= maxCounts / 2) return;
      this.#counts.delete(key);
    }
  }
}
