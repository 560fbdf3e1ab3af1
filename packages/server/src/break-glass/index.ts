export { withBreakGlass } from "./facts.ts";
export { breakGlassApproved } from "./plans.ts";
export { breakGlassRoutes } from "./routes.ts";
