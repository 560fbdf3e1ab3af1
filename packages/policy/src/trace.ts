import type { PolicyFacts, Verdict } from "@mandate/model";
import { scopeMatches } from "./cedar/policy-set.ts";
import type { Evaluation } from "./decision-point.ts";
import { becauseOf } from "./explain.ts";
import { type Passing, whatPasses } from "./passes.ts";
import type { Rule } from "./rule.ts";
import { settle } from "./settle.ts";

/**
 * What one rule said of a call. `met`: it refuses or holds calls, and not this one. `silent`: it grants calls, and not this
 * one. `answered`: it holds this call, and people said yes. `fault`: it could not be evaluated, and nothing is allowed.
 */
export type RuleVerdict = "refuses" | "holds" | "fault" | "lifted" | "answered" | "grants" | "met" | "silent";

export interface TracedRule {
  readonly id: string;
  readonly verdict: RuleVerdict;
  /** True of the one that the decision names, or whose lifting it names. */
  readonly decides: boolean;
  readonly guardrail: boolean;
  /** The custom policy it stands in, as registered; null of guardrails and grants. */
  readonly policy: string | null;
  /** What it answers with; `status`: what the register says of the system. */
  readonly code: Rule["code"];
  /** Where it refuses, holds or can't be evaluated: what would make the call pass it. */
  readonly passes: readonly Passing[];
  /** The exception or break-glass that lifted it. */
  readonly liftedBy: string | null;
  /** What it says to people where it refuses or holds; a grant says nothing. */
  readonly because: string;
  /** Cedar. */
  readonly text: string;
}

export interface DecisionTrace {
  /** Every rule that binds the system for this action and resource; what mattered first. */
  readonly rules: readonly TracedRule[];
  /** What the same call would get without the rules that refuse it; null when none does. */
  readonly withoutRefusals: Verdict | null;
}

const order: readonly RuleVerdict[] = ["refuses", "fault", "holds", "lifted", "answered", "grants", "silent", "met"];

const stops: ReadonlySet<RuleVerdict> = new Set(["refuses", "holds", "fault"]);

/** What of an earlier approval stays in force is the policy's own, in an earlier version. */
function policyOf(rule: Rule, policies: readonly PolicyFacts[]): string | null {
  if (rule.guardrail) return null;
  return policies.find(({ cedar }) => cedar.includes(rule.policy.text))?.name.replace(/\/approved-for-.*$/, "") ?? null;
}

/** @param decisive what the decision names: a rule, or the exception or break-glass that lifted some */
export function traceOf(evaluation: Evaluation, decisive: string | null, policies: readonly PolicyFacts[]): DecisionTrace {
  const { slice, forbidEnvironment, permitEnvironment, permits, errors } = evaluation;
  const { denials, held, approved, excepted, brokenGlass } = settle(evaluation);
  const faulty = new Set(errors.map(({ rule }) => rule));
  const liftedBy = (rule: Rule): string | null => [excepted, brokenGlass].find((by) => by?.rules.includes(rule.id))?.name ?? null;
  const ofForbid = (rule: Rule): RuleVerdict => {
    if (faulty.has(rule)) return "fault";
    if (denials.includes(rule)) return "refuses";
    if (held.includes(rule)) return "holds";
    if (approved.includes(rule)) return "answered";
    return evaluation.forbids.includes(rule) ? "lifted" : "met";
  };
  const ofPermit = (rule: Rule): RuleVerdict => (faulty.has(rule) ? "fault" : permits.includes(rule) ? "grants" : "silent");
  const traced = (rules: readonly Rule[], named: ReadonlyMap<string, readonly Rule[]>, environment: Evaluation["forbidEnvironment"], verdictOf: (rule: Rule) => RuleVerdict): TracedRule[] =>
    [...rules, ...(named.get(environment.resource.key) ?? [])]
      .filter((rule) => scopeMatches(rule.policy.resource, environment.resource))
      .map((rule) => {
        const verdict = verdictOf(rule);
        const by = verdict === "lifted" ? liftedBy(rule) : null;
        const decides = rule.id === decisive || (by !== null && (decisive === `exception:${by}` || decisive === `break-glass:${by}`));
        return { id: rule.id, verdict, decides, guardrail: rule.guardrail, policy: policyOf(rule, policies), code: rule.code, passes: stops.has(verdict) ? whatPasses(rule, environment) : [], liftedBy: by, because: rule.policy.effect === "permit" ? "" : becauseOf(rule, evaluation.subject), text: rule.policy.text };
      });
  const rules = [
    ...traced(slice.forbids, slice.forbidsOn, forbidEnvironment, ofForbid),
    ...traced(slice.permits, slice.permitsOn, permitEnvironment, ofPermit),
  ].sort((a, b) => Number(b.decides) - Number(a.decides) || order.indexOf(a.verdict) - order.indexOf(b.verdict));
  return { rules, withoutRefusals: denials.length === 0 ? null : afterwards(evaluation, held.length > 0) };
}

function afterwards({ errors, slice, permits }: Evaluation, isHeld: boolean): Verdict {
  if (errors.length > 0 || slice.broken !== null) return "deny";
  if (isHeld) return "hold";
  return permits.length === 0 ? "deny" : "allow";
}
