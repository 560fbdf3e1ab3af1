import type { Term } from "../proof/terms.ts";

/** Asks for truths by variables of their own: of a formula over sets the solver may answer with another formula. */
export function readOut(truths: readonly Term[]): string {
  const names = truths.map((_, index) => `said${index}`);
  return [...truths.map((truth, index) => `(declare-const ${names[index]} Bool)\n(assert (= ${names[index]} ${truth}))`), "(check-sat)", `(get-value (${names.join(" ")}))`].join("\n");
}

export function truthsIn(answer: string): readonly boolean[] {
  return [...answer.matchAll(/\(said\d+ (true|false)\)/g)].map((match) => match[1] === "true");
}
