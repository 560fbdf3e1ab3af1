export { inUseRoutes } from "./routes.ts";
