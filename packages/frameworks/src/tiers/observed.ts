import type { Audience, Autonomy, Effect, Sensitivity } from "@mandate/model";
import { audiences, autonomies, sensitivities } from "@mandate/model";
import type { TierInputs } from "./inputs.ts";

/** What the gateway saw a system do. */
export interface ObservedTraffic {
  readonly calls: number;
  readonly tools: readonly { readonly name: string; readonly effect: Effect; readonly reversible: boolean; readonly allowed: number; readonly approved: number }[];
  /** Exports outside the organization that were allowed. */
  readonly outside: readonly string[];
  /** Widest audience of the callers' identity providers; undefined: none was known. */
  readonly audience?: Audience | undefined;
  /** Classes that detectors found, and the highest sensitivity among what was seen. */
  readonly classes: readonly string[];
  readonly sensitivity?: Sensitivity | undefined;
  /** Calls on behalf of a user whose token was verified. */
  readonly userCalls?: number | undefined;
}

export interface Contradiction {
  /** Id of the input in `risk-tiers.yaml`. */
  readonly input: string;
  readonly declared: string;
  readonly observed: string;
}

/**
 * Derived inputs after traffic. INVARIANT: observation only raises, because what wasn't seen may still happen.
 * @returns the inputs to evaluate, and where what was seen goes beyond what was said
 */
export function withObserved(declared: TierInputs, seen: ObservedTraffic | undefined): { readonly inputs: TierInputs; readonly contradictions: readonly Contradiction[] } {
  if (seen === undefined || (seen.calls === 0 && seen.classes.length === 0)) return { inputs: declared, contradictions: [] };
  const contradictions: Contradiction[] = [];
  const higher = <T extends string>(input: string, order: readonly T[], said: T, saw: T | undefined): T => {
    if (saw === undefined || order.indexOf(saw) <= order.indexOf(said)) return said;
    contradictions.push({ input, declared: said, observed: saw });
    return saw;
  };
  const audience = higher("audience", audiences, declared.audience, seen.audience);
  const autonomy = higher("autonomy", autonomies, declared.autonomy, autonomySeen(seen));
  const sensitivity = higher("data_classes", sensitivities, declared.sensitivity, seen.sensitivity);
  const classes = seen.classes.filter((one) => !declared.classes.includes(one));
  if (classes.length > 0) contradictions.push({ input: "data_classes", declared: declared.classes.join(", ") || "none", observed: classes.join(", ") });
  const talks = (seen.userCalls ?? 0) > 0;
  if (talks && !declared.interactsWithPeople) contradictions.push({ input: "interacts_with_people", declared: "no", observed: "calls for signed-in users" });
  const used = seen.tools.filter((tool) => tool.allowed > 0);
  const tools = used.filter((tool) => !declared.tools.some((one) => one.effect === tool.effect && (tool.reversible || !one.reversible)));
  if (tools.length > 0) contradictions.push({ input: "tool_effect", declared: declared.tools.map((tool) => tool.effect).join(", ") || "none", observed: tools.map((tool) => `${tool.name} ${tool.effect}`).join(", ") });
  const outside = seen.outside.length > 0;
  if (outside && !declared.externalEffect) contradictions.push({ input: "external_effect", declared: "none", observed: seen.outside.join(", ") });
  return {
    inputs: { ...declared, audience, autonomy, sensitivity, classes: [...declared.classes, ...classes], tools: [...declared.tools, ...tools.map(({ effect, reversible }) => ({ effect, reversible }))], externalEffect: declared.externalEffect || outside, interactsWithPeople: declared.interactsWithPeople || talks },
    contradictions,
  };
}

/** From tool calls beyond reading: one without a person's yes is acting alone. Reading alone says nothing. */
function autonomySeen({ tools }: ObservedTraffic): Autonomy | undefined {
  const acting = tools.filter((tool) => tool.effect !== "reads" && tool.allowed > 0);
  if (acting.length === 0) return undefined;
  return acting.some((tool) => tool.allowed > tool.approved) ? "acts" : "acts-with-approval";
}

/** Share of tool calls beyond reading that no person approved, 0 to 1; undefined before there was one. */
export function shareAlone(seen: ObservedTraffic | undefined): number | undefined {
  const acting = (seen?.tools ?? []).filter((tool) => tool.effect !== "reads");
  const allowed = acting.reduce((sum, tool) => sum + tool.allowed, 0);
  return allowed === 0 ? undefined : acting.reduce((sum, tool) => sum + Math.max(0, tool.allowed - tool.approved), 0) / allowed;
}
