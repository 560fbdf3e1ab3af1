export { eventStreamRoutes } from "./routes.ts";
export { createEventStreams } from "./streams.ts";
