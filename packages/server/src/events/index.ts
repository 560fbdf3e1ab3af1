export { EventHub } from "./hub.ts";
export type { LiveEvent } from "./hub.ts";
export { eventRoutes } from "./routes.ts";
