import type { Audience, Autonomy, Effect, Sensitivity, Tier, Visibility } from "@mandate/model";
import { audiences, autonomies, sensitivities, visibilities } from "@mandate/model";
import type { TierTerms } from "./catalog.ts";
import type { TierInputs } from "./inputs.ts";

/** All members given must hold; lists match when any of theirs does. */
export interface OwnCondition {
  /** This or wider. */
  readonly audience?: Audience | undefined;
  /** This or more. */
  readonly autonomy?: Autonomy | undefined;
  /** This or higher. */
  readonly sensitivity?: Sensitivity | undefined;
  readonly classes?: readonly string[] | undefined;
  readonly effects?: readonly Effect[] | undefined;
  readonly affected?: readonly string[] | undefined;
  readonly annex3?: readonly string[] | undefined;
  readonly decisionEffect?: readonly ("none" | "informs" | "decides")[] | undefined;
  readonly externalEffect?: true | undefined;
  readonly interactsWithPeople?: true | undefined;
  readonly syntheticOutput?: true | undefined;
  readonly vulnerable?: true | undefined;
  readonly publicBody?: true | undefined;
  readonly profiling?: true | undefined;
}

export interface OwnRule {
  readonly id: string;
  readonly title: string;
  readonly when: OwnCondition;
  readonly tier: Exclude<Tier, "T0">;
  readonly cite: readonly string[];
}

/** Numbers that only count down. */
export interface OwnParameters {
  readonly pilotDays?: number | undefined;
  readonly pilotExtensionsMax?: number | undefined;
  readonly authorizationMaxDays?: number | undefined;
  readonly reviewDays?: number | undefined;
  readonly credentialMaxDays?: number | undefined;
  readonly stalenessSeconds?: number | undefined;
  readonly pilotCalls?: number | undefined;
  readonly pilotTokens?: number | undefined;
  readonly pilotPeople?: number | undefined;
  /** What models must let us see, at least. */
  readonly visibilityMin?: Visibility | undefined;
  /** Gate items beside the tier's own, by control id. */
  readonly gates?: readonly string[] | undefined;
  /** Seats beside the tier's own, for production: a role, or a group that holds a role of the organization's own. */
  readonly seats?: readonly ("security-reviewer" | "legal-reviewer" | "governance-lead" | "authorizing-official" | `group:${string}`)[] | undefined;
}

/** An organization's rules beside ours. It can add and tighten; it has no words for anything else. */
export interface OwnTierRules {
  readonly rules: readonly OwnRule[];
  readonly parameters: Readonly<Partial<Record<Exclude<Tier, "X">, OwnParameters>>>;
}

export const noOwnRules: OwnTierRules = { rules: [], parameters: {} };

const numbers = {
  pilotDays: (terms: TierTerms) => terms.pilotDays,
  pilotExtensionsMax: (terms: TierTerms) => terms.pilotExtensionsMax,
  authorizationMaxDays: (terms: TierTerms) => terms.authorizationMaxDays,
  reviewDays: (terms: TierTerms) => terms.reviewDays,
  credentialMaxDays: (terms: TierTerms) => terms.credentialMaxDays,
  stalenessSeconds: (terms: TierTerms) => terms.runtime.stalenessSeconds,
  pilotCalls: (terms: TierTerms) => terms.pilotCaps.calls,
  pilotTokens: (terms: TierTerms) => terms.pilotCaps.tokens,
  pilotPeople: (terms: TierTerms) => terms.pilotCaps.people,
} as const;

/** What would weaken a term or speaks of a rule of ours, one line each; empty when all of it only tightens. */
export function problemsOfOwnRules(own: OwnTierRules, termsOf: (tier: Exclude<Tier, "X">) => TierTerms, ours: readonly string[]): string[] {
  const problems: string[] = [];
  const seen = new Set<string>();
  for (const { id, when } of own.rules) {
    if (ours.includes(id) || id === "floor" || id === "override") problems.push(`\`${id}\` is a rule of the catalog: it can't be replaced. Choose another id.`);
    if (seen.has(id)) problems.push(`\`${id}\` stands twice.`);
    if (Object.values(when).every((value) => value === undefined)) problems.push(`\`${id}\` has no condition.`);
    seen.add(id);
  }
  for (const [tier, parameters] of Object.entries(own.parameters)) {
    const terms = termsOf(tier as Exclude<Tier, "X">);
    for (const [name, read] of Object.entries(numbers)) {
      const wanted = parameters[name as keyof typeof numbers];
      if (wanted !== undefined && wanted > read(terms)) problems.push(`${tier}.${name} is at most ${read(terms)}: an organization may only be stricter.`);
    }
    if (parameters.visibilityMin !== undefined && visibilities.indexOf(parameters.visibilityMin) < visibilities.indexOf(terms.visibilityMin)) problems.push(`${tier}.visibilityMin is at least ${terms.visibilityMin}: an organization may only be stricter.`);
  }
  return problems;
}

/** INVARIANT: never above the catalog's, whatever is stored. */
export function tightened(terms: TierTerms, own: OwnParameters): TierTerms {
  const least = (of: keyof typeof numbers): number => Math.min(numbers[of](terms), own[of] ?? Number.POSITIVE_INFINITY);
  return {
    ...terms,
    runtime: { ...terms.runtime, stalenessSeconds: least("stalenessSeconds") },
    pilotDays: least("pilotDays"),
    pilotExtensionsMax: least("pilotExtensionsMax"),
    authorizationMaxDays: least("authorizationMaxDays"),
    reviewDays: least("reviewDays"),
    credentialMaxDays: least("credentialMaxDays"),
    visibilityMin: visibilities.indexOf(own.visibilityMin ?? "none") > visibilities.indexOf(terms.visibilityMin) ? own.visibilityMin! : terms.visibilityMin,
    pilotCaps: { ...terms.pilotCaps, calls: least("pilotCalls"), tokens: least("pilotTokens"), people: least("pilotPeople") },
  };
}

/** Why an own rule matches, or undefined. */
export function matchOwnRule(rule: OwnRule, inputs: TierInputs): string | undefined {
  const { when } = rule;
  const { intake } = inputs;
  const from = <T>(order: readonly T[], at: T | undefined, value: T): boolean => at === undefined || order.indexOf(value) >= order.indexOf(at);
  const any = (wanted: readonly string[] | undefined, there: readonly string[]): boolean => wanted === undefined || there.some((one) => wanted.some((word) => word.toLowerCase() === one.toLowerCase()));
  const yes = (wanted: true | undefined, there: boolean | undefined): boolean => wanted === undefined || there === true;
  const holds =
    from(audiences, when.audience, inputs.audience) && from(autonomies, when.autonomy, inputs.autonomy) && from(sensitivities, when.sensitivity, inputs.sensitivity) &&
    any(when.classes, inputs.classes) && any(when.effects, inputs.tools.map((tool) => tool.effect)) && any(when.affected, inputs.affected) && any(when.annex3, intake?.annex3 ?? []) &&
    any(when.decisionEffect, intake?.decisionEffect === undefined ? [] : [intake.decisionEffect]) && yes(when.externalEffect, inputs.externalEffect) && yes(when.interactsWithPeople, inputs.interactsWithPeople) &&
    yes(when.syntheticOutput, inputs.syntheticOutput) && yes(when.vulnerable, intake?.vulnerable) && yes(when.publicBody, intake?.publicBody) && yes(when.profiling, intake?.profiling);
  return holds ? `${rule.title}.` : undefined;
}
