export { tierRules, tierTerms } from "./tiers/catalog.ts";
export type { TierRule, TierTerms } from "./tiers/catalog.ts";
export { determineTier } from "./tiers/determine-tier.ts";
export type { TierDetermination, TierInputs, TierReason } from "./tiers/determine-tier.ts";
