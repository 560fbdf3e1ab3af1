export { loadOwnRules, organizationTerms, ownRulesApproved } from "./own-rules.ts";
export { loweringDecided } from "./override.ts";
export type { Follow } from "./override.ts";
export { reviewTiers } from "./review.ts";
export { unjustifiedTwins } from "./similar.ts";
export { tieringRoutes } from "./routes.ts";
export { determinationsOf, keepDetermination, latestDigests, loadTierContext } from "./store.ts";
export type { AssessedTier, Override, TierContext } from "./store.ts";
export { shownReason, tierFlag, tierReason } from "./view.ts";
