export { legalReviewDecided, withClearedFlows } from "./reviews.ts";
export { legalReviewRoutes } from "./routes.ts";
export { legalReviewAnswers } from "./pack-answers.ts";
