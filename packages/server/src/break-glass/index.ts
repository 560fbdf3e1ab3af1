export { withBreakGlass } from "./facts.ts";
export { breakGlassApproved } from "./plans.ts";
export { breakGlassRoutes } from "./routes.ts";
export { breakGlassAnswers } from "./pack-answers.ts";
