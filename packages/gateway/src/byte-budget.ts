/** What one call holds of the budget. */
export interface Holding {
  /** @returns false: there is no room for so much more, and nothing was taken */
  grow(bytes: number): boolean;
  release(): void;
}

const mebibyte = 1024 * 1024;

/**
 * A quarter of the memory that the process may have, 512 MB at most: twice the budget is half of it.
 * @param memoryBytes what a container allows (`process.constrainedMemory`), or what the machine has where nothing does
 */
export function bytesInFlightFor(memoryBytes: number): number {
  return Math.max(16 * mebibyte, Math.min(512 * mebibyte, Math.floor(memoryBytes / 4)));
}

/**
 * Bytes of all calls under way together: their bodies, and their answers until those are sealed. Each alone is bounded by
 * limits of its own, but a thousand of the largest are more than a machine has.
 *
 * Whoever holds no more than an equal share always gets it, so that a few large calls can't starve the many small ones.
 * INVARIANT: no more than twice the budget is held: the budget itself by whoever came first, and the shares of the rest.
 */
export class ByteBudget {
  readonly #maxBytes: number;
  readonly #share: number;
  #held = 0;

  /** @param maxHolders that there are never more of at once */
  constructor(maxBytes: number, maxHolders: number) {
    this.#maxBytes = maxBytes;
    this.#share = Math.floor(maxBytes / maxHolders);
  }

  /** Bytes held now. */
  get held(): number {
    return this.#held;
  }

  hold(): Holding {
    let own = 0;
    let released = false;
    return {
      grow: (bytes) => {
        if (released || (this.#held + bytes > this.#maxBytes && own + bytes > this.#share)) return false;
        own += bytes;
        this.#held += bytes;
        return true;
      },
      release: () => {
        if (released) return;
        released = true;
        this.#held -= own;
      },
    };
  }
}
