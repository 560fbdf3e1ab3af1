export { askServer } from "./ask-server.ts";
export { mcpPinRoutes } from "./routes.ts";
