/** A live event: `change` says what to read again, `decision` is a list item. */
export type LiveEvent = { readonly event: "change"; readonly data: { readonly kinds: readonly string[]; readonly version: number } } | { readonly event: "decision"; readonly data: unknown };

const maxListeners = 500;

/** Hands events to open pages. A page that reads too slowly is dropped by its own stream, never waited for. */
export class EventHub {
  readonly #listeners = new Set<(event: LiveEvent) => void>();

  /** @returns how to stop, or undefined when too many pages listen */
  listen(listener: (event: LiveEvent) => void): (() => void) | undefined {
    if (this.#listeners.size >= maxListeners) return undefined;
    this.#listeners.add(listener);
    return () => void this.#listeners.delete(listener);
  }

  get listening(): boolean {
    return this.#listeners.size > 0;
  }

  emit(event: LiveEvent): void {
    for (const listener of this.#listeners) listener(event);
  }
}
