import { tiers } from "@mandate/model";
import type { Audience, Autonomy, Effect, Intake, Sensitivity, Tier } from "@mandate/model";
import { tierRules } from "./catalog.ts";

/** What a tier is computed from: the answers only a person can give, and what the record itself shows. */
export interface TierInputs {
  /** Undefined: nobody answered anything. */
  readonly intake: Intake | undefined;
  readonly audience: Audience;
  readonly autonomy: Autonomy;
  readonly affected: readonly string[];
  /** Highest class of boundary and linked datasets. */
  readonly sensitivity: Sensitivity;
  /** Union of the boundary's and the linked datasets' classes. */
  readonly classes: readonly string[];
  /** Granted tools. An unlabelled tool has the worst effect. */
  readonly tools: readonly { readonly effect: Effect; readonly reversible: boolean }[];
  /** A destination outside the organization is granted or shared with. */
  readonly externalEffect: boolean;
  readonly interactsWithPeople: boolean;
  readonly syntheticOutput: boolean;
  /** Tiers of the systems whose agents it can call: it takes at least those. */
  readonly calledTiers: readonly Tier[];
}

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
}

const consequential: ReadonlySet<Effect> = new Set(["deletes", "pays", "executes", "grants"]);
const personalClasses: ReadonlySet<string> = new Set(["personal", "pii", "contact", "location", "children", "employee", "customer"]);
/** Article 9 GDPR classes, regulated data and secrets: R09. */
const specialClasses: ReadonlySet<string> = new Set([
  "special", "special-category", "health", "phi", "biometric", "genetic", "ethnicity", "racial", "political", "religion", "union", "sexual", "criminal",
  "payment", "pci", "financial", "credit", "regulated", "children", "secret", "secrets", "credentials",
]);
const specialPersonal: ReadonlySet<string> = new Set(["special", "special-category", "health", "phi", "biometric", "genetic", "ethnicity", "racial", "political", "religion", "union", "sexual", "criminal", "credit"]);

/**
 * Pure. Each rule of `risk-tiers.yaml` is tried; all that match are kept, the highest decides (X > T3 > T2 > T1 > T0).
 * The product proposes, a named person decides; nothing here is legal advice.
 */
export function determineTier(inputs: TierInputs): TierDetermination {
  const unanswered = unansweredInputs(inputs);
  const reasons = tierRules.flatMap((rule): TierReason[] => {
    const because = rule.id === "R99" ? undefined : conditions[rule.id]?.(inputs, unanswered);
    return because === undefined ? [] : [{ rule: rule.id, tier: rule.tier, citations: rule.citations, because }];
  });
  for (const tier of new Set(inputs.calledTiers)) {
    reasons.push({ rule: "floor", tier, citations: ["MAP 1.5"], because: `It calls an agent of a system of tier ${tier}.` });
  }
  if (reasons.length === 0) {
    const otherwise = tierRules.find((rule) => rule.id === "R99")!;
    reasons.push({ rule: otherwise.id, tier: otherwise.tier, citations: otherwise.citations, because: "No other rule matches." });
  }
  const sorted = reasons.toSorted((a, b) => tiers.indexOf(b.tier) - tiers.indexOf(a.tier));
  return { tier: sorted[0]!.tier, reasons: sorted, unanswered };
}

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
  R09: ({ classes, sensitivity, intake }) =>
    listed(classes.filter((name) => specialClasses.has(name.toLowerCase())), "It handles special, regulated or secret data") ??
    when(sensitivity === "restricted", "It handles restricted data.") ??
    when(intake?.vulnerable === true, "Vulnerable people are affected."),
  R10: (inputs) => when(inputs.interactsWithPeople, "It talks with people directly.") ?? when(inputs.syntheticOutput, "It makes synthetic media."),
  R11: (inputs) => when(isPersonal(inputs), "It handles personal data.") ?? when(inputs.sensitivity === "confidential", "It handles confidential data."),
  R12: (_inputs, unanswered) => listed(unanswered, "Nobody answered what a rule needs"),
};

/**
 * A rule needs an asked input when the record leaves the answer open: the screen of prohibited and Annex III uses
 * always, the rest only where it could matter. That keeps an internal helper at T0 within one screen.
 */
function unansweredInputs(inputs: TierInputs): string[] {
  const { intake } = inputs;
  const outward = inputs.audience !== "internal" || inputs.externalEffect || inputs.tools.some((tool) => tool.effect !== "reads");
  const people = isPersonal(inputs) || inputs.affected.length > 0 || inputs.audience !== "internal";
  const needed: [string, boolean, unknown][] = [
    ["prohibited", true, intake?.prohibited],
    ["annex3", true, intake?.annex3],
    ["annex1", outward, intake?.annex1],
    ["profiling", hasAnnex3(intake), intake?.profiling],
    ["decisionEffect", isPersonal(inputs), intake?.decisionEffect],
    ["reversibility", inputs.tools.some((tool) => consequential.has(tool.effect)), intake?.reversibility],
    ["vulnerable", people, intake?.vulnerable],
  ];
  return needed.flatMap(([name, isNeeded, answer]) => (isNeeded && answer === undefined ? [name] : []));
}

function hasAnnex3(intake: Intake | undefined): boolean {
  return (intake?.annex3?.length ?? 0) > 0;
}

/** Article 6(3): relied on with a reason. Refused when the system profiles people (Article 6(3), last subparagraph). */
function derogation(intake: Intake | undefined): boolean {
  return intake?.article6_3 !== undefined && intake.article6_3 !== false;
}

/** The tools' own declaration counts, and a plain `false` overrules it; words alone never make a tool reversible. */
function worstUndone({ tools, intake }: TierInputs): boolean {
  return tools.some((tool) => consequential.has(tool.effect) && (!tool.reversible || intake?.reversibility === false));
}

function isPersonal({ classes }: TierInputs): boolean {
  return classes.some((name) => personalClasses.has(name.toLowerCase()) || specialPersonal.has(name.toLowerCase()));
}

function when(holds: boolean, because: string): string | undefined {
  return holds ? because : undefined;
}

function listed(items: readonly string[] | undefined, because: string): string | undefined {
  return items && items.length > 0 ? `${because}: ${items.join(", ")}.` : undefined;
}
