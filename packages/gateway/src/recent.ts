/**
 * A bounded map that forgets what wasn't used for longest, in two generations: what is used moves to the young one, and
 * when that is full the old one goes. At least half of `max`, at most all of it, is kept.
 *
 * Deleting a key and setting it again keeps a `Map` in order of use too, but V8 leaves each deleted entry in its bucket's
 * chain until the table is rebuilt: a key used ten thousand times is then found after ten thousand steps.
 */
export class Recent<V> {
  readonly #half: number;
  #young = new Map<string, V>();
  #old = new Map<string, V>();

  constructor(max: number) {
    this.#half = Math.max(1, Math.floor(max / 2));
  }

  /** Counts as a use. */
  get(key: string): V | undefined {
    const young = this.#young.get(key);
    if (young !== undefined) return young;
    const old = this.#old.get(key);
    if (old !== undefined) this.set(key, old);
    return old;
  }

  has(key: string): boolean {
    return this.get(key) !== undefined;
  }

  set(key: string, value: V): void {
    this.#young.set(key, value);
    if (this.#young.size < this.#half) return;
    this.#old = this.#young;
    this.#young = new Map();
  }

  get isEmpty(): boolean {
    return this.#young.size === 0 && this.#old.size === 0;
  }
}
