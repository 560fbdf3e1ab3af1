import type { EntryHeader } from "@mandate/model";
import { Slots } from "../slots.ts";

/** A call whose intent is durable and whose outcome is not. */
export interface OpenCall {
  readonly header: EntryHeader;
  /** -1: its intent stands in the log before this one. */
  readonly seq: number;
}

/** Intents without an outcome, as the journal's records tell. */
export class OpenCalls {
  readonly #calls = new Slots<OpenCall>();
  readonly #places = new Map<string, number>();

  /** Of each durable record, in order. */
  follow(header: EntryHeader, seq: number): void {
    const { decision, type } = header;
    if (decision === undefined || (type !== "call.intent" && type !== "call.outcome")) return;
    const place = this.#places.get(decision);
    if (place !== undefined) {
      this.#calls.remove(place);
      this.#places.delete(decision);
    }
    if (type === "call.intent") this.#places.set(decision, this.#calls.add({ header, seq }));
  }

  /** A call whose intent stands in the log before: its outcome comes into this one. */
  carry(header: EntryHeader): void {
    this.follow({ ...header, type: "call.intent" }, -1);
  }

  has(decision: string): boolean {
    return this.#places.has(decision);
  }

  get size(): number {
    return this.#places.size;
  }

  /** In the order of their intents. */
  all(): readonly OpenCall[] {
    return [...this.#calls].sort((a, b) => a.seq - b.seq);
  }

  /** Number of the first intent that still waits; infinity when none does, -1 when one of the log before does. */
  oldest(): number {
    let oldest = Number.POSITIVE_INFINITY;
    for (const { seq } of this.#calls) oldest = Math.min(oldest, seq);
    return oldest;
  }
}
