/** Kinds of calls whose added latency is told: carried to a model, carried to an MCP server, decided for somebody else to carry out. */
export const callKinds = ["model", "mcp", "decision"] as const;
export type CallKind = (typeof callKinds)[number];

/**
 * What Mandate itself takes of one call: all of its time but what it waits for the caller's body and for whoever answers.
 * Each side's turn may be said twice; it counts once.
 */
export class CallTime {
  readonly #elapsed: () => number;
  #ownMs = 0;
  /** Null: it is somebody else's turn. */
  #since: number | null;
  /** Set once there is something to tell of: a refused call, a probe and a lasting stream are none. */
  kind: CallKind | null = null;

  /** @param elapsed milliseconds, with fractions, that only go forward */
  constructor(elapsed: () => number) {
    this.#elapsed = elapsed;
    this.#since = elapsed();
  }

  /** Somebody else's turn begins. */
  pause(): void {
    if (this.#since === null) return;
    this.#ownMs += this.#elapsed() - this.#since;
    this.#since = null;
  }

  /** Our own turn begins. */
  run(): void {
    this.#since ??= this.#elapsed();
  }

  /** Waits for somebody else. */
  async during<T>(theirs: Promise<T>): Promise<T> {
    this.pause();
    try {
      return await theirs;
    } finally {
      this.run();
    }
  }

  get ownMs(): number {
    return this.#since === null ? this.#ownMs : this.#ownMs + this.#elapsed() - this.#since;
  }
}
