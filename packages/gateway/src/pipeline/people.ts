import { hash } from "node:crypto";
import type { Lease } from "./lease.ts";

interface Day {
  readonly day: string;
  /** Counted at the control plane, or here where nobody else counts. */
  readonly known: Set<string>;
  /** Let in while nobody could be asked: told afterwards. */
  readonly alone: Set<string>;
}

/** One in so many of a day's people may be let in while the control plane is away. */
const parts = 20;

/**
 * People of the day, each counted once however many gateways they call through: what is leased is the person, under a
 * hash, so that who was let in by one is known to all.
 */
export class People {
  readonly #lease: Lease | null;
  readonly #warn: (event: string, details: Readonly<Record<string, unknown>>) => void;
  readonly #days = new Map<string, Day>();

  constructor(lease: Lease | null, warn: (event: string, details: Readonly<Record<string, unknown>>) => void) {
    this.#lease = lease;
    this.#warn = warn;
  }

  /** Whether this person is one of the day's: counted before, or by this question. */
  async admit(system: string, person: string, limit: number, day: string): Promise<boolean> {
    const of = this.#dayOf(system, day);
    const member = hash("sha256", person, "hex").slice(0, 32);
    if (of.known.has(member) || of.alone.has(member)) return true;
    if (this.#lease === null) {
      if (of.known.size >= limit) return false;
      of.known.add(member);
      return true;
    }
    const ask = { key: `system:${system} people day`, span: day, limit };
    try {
      for (const waiting of of.alone) {
        const { total } = await this.#lease({ ...ask, want: 0, owed: 1, member: waiting });
        of.alone.delete(waiting);
        of.known.add(waiting);
        if (total > limit) this.#warn("limits.overshot", { ...ask, by: total - limit });
      }
      const { granted } = await this.#lease({ ...ask, want: 1, owed: 0, member });
      if (granted > 0) of.known.add(member);
      return granted > 0;
    } catch (error) {
      const slice = Math.max(1, Math.floor(limit / parts));
      if (of.alone.size >= slice) return false;
      if (of.alone.size === 0) this.#warn("limits.slice_taken_alone", { ...ask, slice, internal: error instanceof Error ? error.name : "unknown" });
      of.alone.add(member);
      return true;
    }
  }

  #dayOf(system: string, day: string): Day {
    const known = this.#days.get(system);
    if (known?.day === day) return known;
    const fresh = { day, known: new Set<string>(), alone: new Set<string>() };
    this.#days.set(system, fresh);
    return fresh;
  }
}
