import { hash } from "node:crypto";
import type { SessionLabels } from "@mandate/model";
import type { Turn } from "@mandate/policy";
import { DecidedCalls } from "./decided-calls.ts";
import { Recent } from "../recent.ts";
import { joinLabels } from "../auth/session-token.ts";

const maxKept = 100_000;

/**
 * What models said through this gateway, by hash, and ids of answers that a provider keeps (GUARDRAILS, Information flow
 * 4, 5): callers resend their history, and an assistant's turn that this gateway itself let out of a clean session is
 * what it was, not what a caller says it was. Bounded; what was forgotten is unknown, and unknown turns taint.
 */
export class EmittedAnswers {
  readonly #texts = new Recent<SessionLabels>(maxKept);
  readonly #ids = new Recent<SessionLabels>(maxKept);
  readonly calls = new DecidedCalls();

  /** @param labels of the session that the answer was made in, all that its model read included */
  add(system: string, answer: { readonly text: string; readonly id: string | null; readonly labels: SessionLabels }): void {
    // An answer out of a tainted session taints by itself wherever it appears: nothing needs to be remembered of it.
    if (!answer.labels.untrusted && answer.text.trim() !== "") keep(this.#texts, textKey(system, answer.text), answer.labels);
    if (answer.id !== null) keep(this.#ids, `${system}\n${answer.id}`, answer.labels);
  }

  has(system: string, id: string): boolean {
    return this.#ids.has(`${system}\n${id}`);
  }

  /** What the history behind these ids had been labelled with; an unknown one is untrusted. */
  labelsOf(system: string, ids: readonly string[]): SessionLabels | null {
    let joined: SessionLabels | null = null;
    for (const id of ids) {
      const labels = this.#ids.get(`${system}\n${id}`) ?? unknown;
      joined = joined === null ? labels : joinLabels(joined, labels);
    }
    return joined;
  }

  /** The turns, the assistant's known ones vouched for, and what those had seen. */
  recognise(system: string, turns: readonly Turn[]): { readonly turns: readonly Turn[]; readonly labels: SessionLabels | null } {
    if (this.#texts.isEmpty) return { turns, labels: null };
    let labels: SessionLabels | null = null;
    const known = turns.map((turn) => {
      if (turn.role !== "assistant" || turn.text.trim() === "") return turn;
      const found = this.#texts.get(textKey(system, turn.text));
      if (found === undefined) return turn;
      labels = labels === null ? found : joinLabels(labels, found);
      return { ...turn, verified: true };
    });
    return { turns: known, labels };
  }
}

const unknown: SessionLabels = { maxSensitivity: "public", untrusted: true, residency: [], classes: [], purposes: null };

function textKey(system: string, text: string): string {
  return `${system}\n${hash("sha256", text.trim(), "hex")}`;
}

function keep(kept: Recent<SessionLabels>, key: string, labels: SessionLabels): void {
  const known = kept.get(key);
  kept.set(key, known === undefined ? labels : joinLabels(known, labels));
}
