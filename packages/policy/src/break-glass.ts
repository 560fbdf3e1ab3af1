import type { BreakGlassFacts, SystemFacts } from "@mandate/model";
import type { Rule } from "./rule.ts";

/** The guardrails that two people may lift for hours. A list of what may, so that a new guardrail never is by default. */
const liftableGuardrails: ReadonlySet<string> = new Set(["untrusted-session"]);

export const isLiftableGuardrail = (id: string): boolean => liftableGuardrails.has(id);

/**
 * INVARIANT (SPEC 2, People): break-glass lifts rules of the organization and the hold on untrusted sessions. Never a
 * guarantee: authorization, its end, the approved version, the data boundary, secrets leaving, Article 5.
 */
export function isLiftable(rule: Pick<Rule, "id" | "guardrail" | "policy">): boolean {
  if (rule.guardrail) return isLiftableGuardrail(rule.id);
  return !/^EU-AI-ACT:5(?![0-9])/.test(rule.policy.annotations["control"] ?? "");
}

/** INVARIANT: an exception lifts a rule that somebody wrote, never a guardrail, never one that cites Article 5. */
function isExcepted(rule: Rule, system: SystemFacts, nowSeconds: number): string | undefined {
  if (rule.guardrail || !isLiftable(rule)) return undefined;
  return system.exceptions?.find((one) => one.rule === rule.id && nowSeconds < one.until)?.id;
}

/** Rules lifted for this system by exceptions that haven't ended. */
export function exceptRules(forbids: readonly Rule[], system: SystemFacts, nowSeconds: number): Lifted {
  const lifted = forbids.filter((rule) => isExcepted(rule, system, nowSeconds) !== undefined);
  const first = lifted[0];
  if (first === undefined) return { binding: forbids, by: null };
  return { binding: forbids.filter((rule) => !lifted.includes(rule)), by: { name: isExcepted(first, system, nowSeconds)!, rules: lifted.map((rule) => rule.id) } };
}

export interface Lifted {
  /** What still binds. */
  readonly binding: readonly Rule[];
  /** What was lifted, and by which plan (the first of several); null when nothing was. */
  readonly by: { readonly name: string; readonly rules: readonly string[] } | null;
}

/** @param nowSeconds the call's own instant: an activation ends at the call, no job has to run (G5) */
export function liftRules(forbids: readonly Rule[], system: SystemFacts, nowSeconds: number): Lifted {
  const active = (system.breakGlass ?? []).filter((one) => nowSeconds < one.until);
  if (active.length === 0) return { binding: forbids, by: null };
  const lifting = (rule: Rule): BreakGlassFacts | undefined =>
    isLiftable(rule) ? active.find((one) => one.rules.includes(rule.id)) : undefined;
  const lifted = forbids.filter((rule) => lifting(rule) !== undefined);
  const first = lifted[0];
  if (first === undefined) return { binding: forbids, by: null };
  return {
    binding: forbids.filter((rule) => !lifted.includes(rule)),
    by: { name: lifting(first)!.name, rules: lifted.map((rule) => rule.id) },
  };
}
