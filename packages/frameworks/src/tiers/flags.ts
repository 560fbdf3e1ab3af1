import type { Tier } from "@mandate/model";
import { visibilities } from "@mandate/model";
import { tierFlags, tierTerms } from "./catalog.ts";
import type { TierInputs } from "./inputs.ts";
import type { OwnTierRules } from "./own-rules.ts";

export interface FlagReason {
  readonly flag: string;
  /** Controls and articles that it adds to the tier's. */
  readonly adds: readonly string[];
  readonly because: string;
}

/** Article 50(3): deployers of these tell the people exposed to them. */
const toldAbout: ReadonlySet<string> = new Set(["ANX-III.1.b", "ANX-III.1.c"]);
/** Article 27(1): these need a FRIA whoever the deployer is. */
const assessedUses: ReadonlySet<string> = new Set(["ANX-III.5.b", "ANX-III.5.c"]);

const conditions: Readonly<Record<string, (inputs: TierInputs, tier: Tier, own: OwnTierRules | undefined) => string | undefined>> = {
  "F-ART50": ({ interactsWithPeople, syntheticOutput, intake }) =>
    interactsWithPeople ? "It talks with people directly." : syntheticOutput ? "It makes synthetic media." : intake?.annex3?.some((use) => toldAbout.has(use)) ? "It recognizes emotions or categorizes people by biometrics." : undefined,
  "F-GPAI": ({ roles }) => (roles?.includes("gpai-provider") ? "We provide or substantially modify a general-purpose model." : undefined),
  "F-FRIA": ({ intake }, tier) => {
    if (tier !== "T3") return undefined;
    if (intake?.publicBody === true) return "It is high risk, and its deployer is a public body or provides public services.";
    return intake?.annex3?.some((use) => assessedUses.has(use)) ? "It is a high-risk use of credit scoring, or of life or health insurance." : undefined;
  },
  "F-XBORDER": ({ crossBorder }) => (crossBorder === true ? "Something it uses is processed in another region than its data or its boundary." : undefined),
  "F-BLINDVENDOR": ({ vendorVisibility }, tier, own) => {
    const { visibilityMin } = tierTerms(tier, own);
    return vendorVisibility !== undefined && visibilities.indexOf(vendorVisibility) < visibilities.indexOf(visibilityMin) ? `A hosted model gives ${vendorVisibility === "none" ? "no logs" : "metadata alone"}, and ${tier} needs ${visibilityMin}.` : undefined;
  },
  "F-PROVIDER": ({ roles }) => (roles?.includes("provider") ? "We are its provider by Article 25." : undefined),
};

export function flagsOf(inputs: TierInputs, tier: Tier, own?: OwnTierRules): FlagReason[] {
  return tierFlags.flatMap(({ id, adds }) => {
    const because = conditions[id]?.(inputs, tier, own);
    return because === undefined ? [] : [{ flag: id, adds, because }];
  });
}
