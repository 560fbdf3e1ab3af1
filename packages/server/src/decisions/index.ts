export { decisionRoutes } from "./routes.ts";
export { decisionItem, splitResource } from "./view.ts";
