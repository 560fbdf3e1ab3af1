export { exportRoutes } from "./routes.ts";
export { readEvents } from "./collect-events.ts";
