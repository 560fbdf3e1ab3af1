export { policyRoutes } from "./routes.ts";
export { watchPolicies } from "./watches.ts";
