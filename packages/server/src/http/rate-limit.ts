import { AppError } from "@mandate/model";

/**
 * Token buckets by key, bounded in number: a flood of addresses evicts the oldest rather than growing memory.
 * For guessing at the front door only; budgets of systems are the gateway's.
 */
export class RateLimit {
  readonly #capacity: number;
  readonly #refillPerMs: number;
  readonly #maxKeys: number;
  readonly #buckets = new Map<string, { tokens: number; at: number }>();

  constructor(perMinute: number, maxKeys = 10_000) {
    this.#capacity = perMinute;
    this.#refillPerMs = perMinute / 60_000;
    this.#maxKeys = maxKeys;
  }

  /** @throws AppError `request.rate` (429) when the key's bucket is empty */
  take(key: string, nowMs: number): void {
    const known = this.#buckets.get(key);
    this.#buckets.delete(key);
    const tokens = known === undefined ? this.#capacity : Math.min(this.#capacity, known.tokens + Math.max(0, nowMs - known.at) * this.#refillPerMs);
    const spent = tokens >= 1;
    this.#buckets.set(key, { tokens: spent ? tokens - 1 : tokens, at: nowMs });
    if (this.#buckets.size > this.#maxKeys) {
      const oldest = this.#buckets.keys().next().value;
      if (oldest !== undefined) this.#buckets.delete(oldest);
    }
    if (!spent) {
      const retryAfterSeconds = Math.ceil((1 - tokens) / this.#refillPerMs / 1000);
      throw new AppError({
        code: "request.rate",
        status: 429,
        message: "Too many attempts from this address.",
        remedies: [{ text: `Wait ${retryAfterSeconds} s, then try again.` }],
        details: { retryAfterSeconds },
      });
    }
  }
}
