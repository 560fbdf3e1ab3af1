import { mkdir, open, readFile, rename } from "node:fs/promises";
import { dirname, join } from "node:path";

interface Kept {
  /** Name of the run that counted last; null: none yet. */
  readonly current: string | null;
  /** Asked for, and the answer never came. */
  readonly pending: string | null;
}

/**
 * Each start of a gateway is a run with a name of its own, and only who knows the name of the last one may begin the
 * next, once that one is gone. INVARIANT: of two processes with one identity, on a copied volume or one that was set
 * back, at most one is heard: the other names a run that isn't the last, or one that still answers.
 */
export class RunClaim {
  readonly #path: string;
  readonly #random: (bytes: Uint8Array) => Uint8Array;

  constructor(dataDir: string, random: (bytes: Uint8Array) => Uint8Array) {
    this.#path = join(dataDir, "run.json");
    this.#random = random;
  }

  /** @param ask resolves when the control plane takes `run` to follow `before` @returns the run's name */
  async begin(ask: (before: string | null, run: string) => Promise<void>): Promise<string> {
    const kept = await this.#read();
    // An answer that was lost may have been yes: the same question again can't harm.
    const run = kept.pending ?? Buffer.from(this.#random(new Uint8Array(16))).toString("base64url");
    if (kept.pending === null) await this.#write({ ...kept, pending: run });
    await ask(kept.current, run);
    await this.#write({ current: run, pending: null });
    return run;
  }

  async #read(): Promise<Kept> {
    const text = await readFile(this.#path, "utf8").catch(() => undefined);
    return text === undefined ? { current: null, pending: null } : (JSON.parse(text) as Kept);
  }

  async #write(kept: Kept): Promise<void> {
    await mkdir(dirname(this.#path), { recursive: true, mode: 0o700 });
    const handle = await open(`${this.#path}.new`, "w", 0o600);
    try {
      await handle.writeFile(JSON.stringify(kept));
      await handle.sync();
    } finally {
      await handle.close();
    }
    await rename(`${this.#path}.new`, this.#path);
  }
}
