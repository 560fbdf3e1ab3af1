import type { DecisionRequest, PolicyFacts } from "@mandate/model";
import { asBoolean } from "../cedar/expression.ts";
import { compilePolicySet } from "../cedar/policy-set.ts";
import { compilePolicy, evaluate } from "../decision-point.ts";
import { buildRuleBook } from "../rule-book.ts";
import type { PolicyDecision } from "../types.ts";
import { buildWorld } from "../world.ts";
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

/** Is the condition met by what remains of the call? A condition that errs is met: an error must not hide a breach. */
export function isMet(witness: Witness, policies: readonly PolicyFacts[], condition: string): boolean {
  const facts = under(witness, policies);
  const system = facts.systems[0]!;
  const { forbidEnvironment } = evaluate(witness.request, system, buildWorld(facts), buildRuleBook(facts));
  const [policy] = compilePolicySet(conditionPolicy(condition));
  try {
    return asBoolean(policy!.holds(forbidEnvironment));
  } catch {
    return true;
  }
}

export function conditionPolicy(condition: string): string {
  return `permit (principal, action, resource) when {\n${condition}\n};`;
}
