import type { DecisionRequest, PolicyFacts } from "@mandate/model";
import { compilePolicy, evaluate } from "../decision-point.ts";
import { buildRuleBook } from "../rule-book.ts";
import type { PolicyDecision } from "../types.ts";
import { buildWorld } from "../world.ts";
import type { ReadCondition } from "./conditions.ts";
import { under, type Witness } from "./witness.ts";

/** What the engine says to a call that the solver found. */
export interface Replayed {
  readonly decision: PolicyDecision;
  /** With everybody who is asked saying yes. */
  readonly approved: PolicyDecision;
}

/** Null where our engine and the reference engine don't agree on it: then it shows nothing. */
export function replay(witness: Witness, policies: readonly PolicyFacts[]): Replayed | null {
  const point = compilePolicy(under(witness, policies));
  const { request } = witness;
  if (!point.compareWithReference(request).equal) return null;
  const decision = point.decide(request);
  const approval: DecisionRequest["approval"] = { id: "everybody", rules: decision.matched, by: [] };
  return { decision, approved: decision.outcome === "hold" ? point.decide({ ...request, approval }) : decision };
}

/** Is the condition met by what remains of the call? */
export function isMet(witness: Witness, policies: readonly PolicyFacts[], condition: ReadCondition): boolean {
  const facts = under(witness, policies);
  const { forbidEnvironment } = evaluate(witness.request, facts.systems[0]!, buildWorld(facts), buildRuleBook(facts));
  return condition.isMet(forbidEnvironment);
}
