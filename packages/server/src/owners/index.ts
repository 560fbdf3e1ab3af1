export { followOwners, vacateSeatsOf } from "./follow.ts";
export { ownerSucceeds } from "./succeed.ts";
export { watchOwners } from "./watch.ts";
export { ownerRoutes } from "./routes.ts";
