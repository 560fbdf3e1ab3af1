import { tiers } from "@mandate/model";
import type { Intake, Tier } from "@mandate/model";
import { citesLaw, tierRules } from "./catalog.ts";
import { flagsOf } from "./flags.ts";
import type { FlagReason } from "./flags.ts";
import { consequential, hasAnnex3, isPersonal, specialOf, unansweredInputs } from "./inputs.ts";
import type { TierInputs } from "./inputs.ts";
import { matchOwnRule, noOwnRules } from "./own-rules.ts";
import type { OwnTierRules } from "./own-rules.ts";

export interface TierReason {
  readonly rule: string;
  readonly tier: Tier;
  readonly citations: readonly string[];
  /** What in the record or the answers made the rule match. */
  readonly because: string;
}

export interface TierDetermination {
  readonly tier: Tier;
  /** Every rule that matched, highest first. Never empty. */
  readonly reasons: readonly TierReason[];
  /** Asked inputs that a rule needs and nobody answered. */
  readonly unanswered: readonly string[];
  /** Carried beside the tier. */
  readonly flags: readonly FlagReason[];
}

/** A person's decision beside the rules. */
export interface TierOverride {
  readonly tier: Tier;
  readonly reason: string;
  /** Rules that matched when it was decided: a lowering speaks of those alone. */
  readonly covers: readonly string[];
}

/**
 * Pure. Each rule of `risk-tiers.yaml` and of the organization is tried; all that match are kept, the highest decides
 * (X > T3 > T2 > T1 > T0). The product proposes, a named person decides; nothing here is legal advice.
 */
export function determineTier(inputs: TierInputs, own: OwnTierRules = noOwnRules, override?: TierOverride): TierDetermination {
  const unanswered = unansweredInputs(inputs);
  const reasons = tierRules.flatMap((rule): TierReason[] => {
    const because = rule.id === "R99" ? undefined : conditions[rule.id]?.(inputs, unanswered);
    return because === undefined ? [] : [{ rule: rule.id, tier: rule.tier, citations: rule.citations, because }];
  });
  for (const rule of own.rules) {
    const because = matchOwnRule(rule, inputs);
    if (because !== undefined) reasons.push({ rule: rule.id, tier: rule.tier, citations: rule.cite, because });
  }
  for (const tier of new Set(inputs.calledTiers)) {
    reasons.push({ rule: "floor", tier, citations: ["MAP 1.5"], because: `It calls an agent of a system of tier ${tier}.` });
  }
  if (reasons.length === 0) {
    const otherwise = tierRules.find((rule) => rule.id === "R99")!;
    reasons.push({ rule: otherwise.id, tier: otherwise.tier, citations: otherwise.citations, because: "No other rule matches." });
  }
  if (override !== undefined) reasons.push({ rule: "override", tier: override.tier, citations: ["GOVERN 1.3"], because: `A person decided: ${override.reason}` });
  const sorted = reasons.toSorted((a, b) => rank(b.tier) - rank(a.tier));
  const tier = highest(override === undefined ? sorted : sorted.filter((reason) => reason.rule === "override" || holdsAgainst(reason, override)));
  return { tier, reasons: sorted, unanswered, flags: flagsOf(inputs, tier, own) };
}

/** INVARIANT: a lowering never reaches a rule that cites Article 5 or 6, a floor, or what wasn't known when it was decided. */
function holdsAgainst(reason: TierReason, override: TierOverride): boolean {
  return citesLaw(reason.citations) || reason.rule === "floor" || !override.covers.includes(reason.rule);
}

/** The lowest tier to which a person may bring this down. */
export function lowestTier({ reasons }: TierDetermination): Tier {
  return highest([{ tier: "T0" }, ...reasons.filter((reason) => citesLaw(reason.citations) || reason.rule === "floor")]);
}

function highest(reasons: readonly { readonly tier: Tier }[]): Tier {
  return reasons.reduce<Tier>((top, { tier }) => (rank(tier) > rank(top) ? tier : top), "T0");
}

const rank = (tier: Tier): number => tiers.indexOf(tier);

type Condition = (inputs: TierInputs, unanswered: readonly string[]) => string | undefined;

const conditions: Readonly<Record<string, Condition>> = {
  R01: ({ intake }) => listed(intake?.prohibited, "A prohibited practice is answered with yes"),
  R02: ({ intake }) => when(intake?.annex1 === true || (typeof intake?.annex1 === "object" && intake.annex1.thirdPartyAssessment), "It is a safety component or product under listed product law."),
  R03: ({ intake }) => when(hasAnnex3(intake) && (intake?.profiling !== false || !derogation(intake)), `It is an Annex III use (${(intake?.annex3 ?? []).join(", ")}) without a derogation that holds.`),
  R04: (inputs) => when(inputs.intake?.decisionEffect === "decides" && isPersonal(inputs), "It decides about people, from personal data."),
  R05: (inputs) => when(inputs.autonomy === "acts" && worstUndone(inputs), "It deletes, pays, executes or grants without a person, and that can't be undone."),
  R06: ({ intake }) => when(hasAnnex3(intake) && derogation(intake) && intake?.profiling === false, "It is an Annex III use with a documented derogation."),
  R07: (inputs) => when(inputs.tools.some((tool) => tool.effect !== "reads") || inputs.externalEffect, "It has an effect beyond reading, or sends data outside."),
  R08: ({ audience }) => when(audience !== "internal", `Its audience is ${audience}.`),
  R09: (inputs) =>
    listed(specialOf(inputs), "It handles special, regulated or secret data") ??
    when(inputs.sensitivity === "restricted", "It handles restricted data.") ??
    when(inputs.intake?.vulnerable === true, "Vulnerable people are affected."),
  R10: (inputs) => when(inputs.interactsWithPeople, "It talks with people directly.") ?? when(inputs.syntheticOutput, "It makes synthetic media."),
  R11: (inputs) => when(isPersonal(inputs), "It handles personal data.") ?? when(inputs.sensitivity === "confidential", "It handles confidential data."),
  R12: (_inputs, unanswered) => listed(unanswered, "Nobody answered what a rule needs"),
};

/** Article 6(3): relied on with a reason. Refused when the system profiles people (Article 6(3), last subparagraph). */
function derogation(intake: Intake | undefined): boolean {
  return intake?.article6_3 !== undefined && intake.article6_3 !== false;
}

/** The tools' own declaration counts, and a plain `false` overrules it; words alone never make a tool reversible. */
function worstUndone({ tools, intake }: TierInputs): boolean {
  return tools.some((tool) => consequential.has(tool.effect) && (!tool.reversible || intake?.reversibility === false));
}

function when(holds: boolean, because: string): string | undefined {
  return holds ? because : undefined;
}

function listed(items: readonly string[] | undefined, because: string): string | undefined {
  return items && items.length > 0 ? `${because}: ${items.join(", ")}.` : undefined;
}
