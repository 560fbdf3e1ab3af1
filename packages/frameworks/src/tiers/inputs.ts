import type { Audience, Autonomy, Effect, Intake, Sensitivity, Tier, Visibility } from "@mandate/model";

/** What a tier is computed from: the answers only a person can give, and what the record or traffic shows. */
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
  /** Our role by Regulation (EU) 2024/1689: sets flags, never the tier. */
  readonly roles?: readonly string[];
  /** Something it uses is processed in another region than its data, or outside the regions of its boundary. */
  readonly crossBorder?: boolean;
  /** The least that a vendor-hosted model shows of its own logs; undefined: none is hosted by a vendor. */
  readonly vendorVisibility?: Visibility | undefined;
}

/** Article 9 GDPR and its kin. */
const specialPersonal: ReadonlySet<string> = new Set(["special", "special-category", "health", "phi", "biometric", "genetic", "ethnicity", "racial", "political", "religion", "union", "sexual", "criminal", "credit"]);
const personalClasses: ReadonlySet<string> = new Set(["personal", "pii", "contact", "location", "children", "employee", "customer", ...specialPersonal]);
/** Special categories, regulated data and secrets: R09. */
const specialClasses: ReadonlySet<string> = new Set([...specialPersonal, "payment", "pci", "financial", "regulated", "children", "secret", "secrets", "credentials"]);

export function isPersonal({ classes }: Pick<TierInputs, "classes">): boolean {
  return classes.some((name) => personalClasses.has(name.toLowerCase()));
}

export function specialOf({ classes }: Pick<TierInputs, "classes">): string[] {
  return classes.filter((name) => specialClasses.has(name.toLowerCase()));
}

export const consequential: ReadonlySet<Effect> = new Set(["deletes", "pays", "executes", "grants"]);

export function hasAnnex3(intake: Intake | undefined): boolean {
  return (intake?.annex3?.length ?? 0) > 0;
}

/**
 * A rule needs an asked input when the record leaves the answer open: the screen of prohibited and Annex III uses
 * always, the rest only where it could matter. That keeps an internal helper at T0 within one screen.
 */
export function unansweredInputs(inputs: TierInputs): string[] {
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
