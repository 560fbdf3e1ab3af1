import { actions, isProbe } from "@mandate/model";
import type { EntryDraft, EvidenceSink } from "../evidence-sink.ts";

export interface DecisionCount {
  readonly action: string;
  readonly outcome: string;
  /** Empty where it was allowed. */
  readonly code: string;
  readonly tier: string;
  readonly count: number;
}

const known: ReadonlySet<string> = new Set([...actions, "mcp.connect", "models.list"]);

/**
 * Counts each decision once, when its last entry is written. Labels are words of ours, so that no caller can make new
 * series. Probes of the product's own are counted apart: a figure of refusals must not move because a control was tried.
 */
export class DecisionCounts {
  readonly #counts = new Map<string, Omit<DecisionCount, "count"> & { count: number }>();
  #probes = 0;

  counted(sink: EvidenceSink): EvidenceSink {
    const after = <T>(draft: EntryDraft, written: Promise<T>): Promise<T> => {
      // What could not be written is counted by nobody: its caller was told that there is no record.
      written.then(
        () => this.#add(draft),
        () => undefined,
      );
      return written;
    };
    return {
      intent: (draft) => sink.intent(draft),
      outcome: (draft) => after(draft, sink.outcome(draft)),
      decision: (draft) => after(draft, sink.decision(draft)),
      receipt: (id) => sink.receipt?.(id),
      ready: () => sink.ready(),
    };
  }

  #add(draft: EntryDraft): void {
    if (isProbe(draft.system) || isProbe(draft.summary?.credential)) {
      this.#probes++;
      return;
    }
    const action = known.has(draft.summary?.action ?? "") ? draft.summary!.action : "other";
    const { outcome, retention: tier } = draft;
    const code = draft.summary?.code ?? "";
    const key = `${action} ${outcome} ${code} ${tier}`;
    const one = this.#counts.get(key);
    if (one === undefined) this.#counts.set(key, { action, outcome, code, tier, count: 1 });
    else one.count++;
  }

  list(): readonly DecisionCount[] {
    return [...this.#counts.values()];
  }

  get probes(): number {
    return this.#probes;
  }
}
