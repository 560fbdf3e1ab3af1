export { declaredFlows, flowDecisions } from "./flows.ts";
export type { FlowDecisions } from "./flows.ts";
export { legalReviewDecided, withClearedFlows } from "./reviews.ts";
export { legalReviewRoutes } from "./routes.ts";
export { legalReviewAnswers } from "./pack-answers.ts";
