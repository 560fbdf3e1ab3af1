import type { ControlPort } from "@mandate/gateway";
import type { NewFinding } from "../findings/index.ts";

type Report = Parameters<ControlPort["report"]>[0];
type Reported = NewFinding & Pick<Report, "change">;

/**
 * Collects what gateways report and writes it every second at most: a caller that repeats an unlisted field a thousand
 * times makes one finding and one count.
 */
export class FindingReporter {
  readonly #write: (finding: Reported) => Promise<void>;
  readonly #count: (seen: ReadonlyMap<string, number>) => Promise<void>;
  readonly #ownerOf: (system: string) => string | null;
  readonly #failed: (error: unknown) => void;
  readonly #known = new Set<string>();
  #pending = new Map<string, Report>();
  #seen = new Map<string, number>();
  #timer: NodeJS.Timeout | undefined;

  constructor(options: { write: (finding: Reported) => Promise<void>; count: (seen: ReadonlyMap<string, number>) => Promise<void>; ownerOf: (system: string) => string | null; failed: (error: unknown) => void }) {
    this.#write = options.write;
    this.#count = options.count;
    this.#ownerOf = options.ownerOf;
    this.#failed = options.failed;
  }

  report(finding: Report): void {
    if (this.#known.has(finding.key)) this.#seen.set(finding.key, (this.#seen.get(finding.key) ?? 0) + 1);
    // Bounded: an attacker who varies the key can't grow memory between two flushes.
    else if (this.#pending.size < 1000) this.#pending.set(finding.key, finding);
    this.#timer ??= setTimeout(() => void this.flush(), 1000);
  }

  async flush(): Promise<void> {
    clearTimeout(this.#timer);
    this.#timer = undefined;
    const pending = this.#pending;
    const seen = this.#seen;
    this.#pending = new Map();
    this.#seen = new Map();
    try {
      for (const finding of pending.values()) {
        await this.#write({ ...finding, title: finding.title.slice(0, 300), detail: finding.detail.slice(0, 2000), owner: this.#ownerOf(finding.system) });
        if (this.#known.size > 10_000) this.#known.clear();
        this.#known.add(finding.key);
      }
      if (seen.size > 0) await this.#count(seen);
    } catch (error) {
      this.#failed(error);
    }
  }
}
