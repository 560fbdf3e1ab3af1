export { deciders, decisionFilters, decisionRoutes, decisionSchema, filterOf } from "./routes.ts";
export { decisionItem, splitResource } from "./view.ts";
