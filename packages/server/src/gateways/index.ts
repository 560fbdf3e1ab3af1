export { GatewayLinks } from "./links.ts";
export { gatewayRoutes } from "./routes.ts";
export type { GatewayState } from "./routes.ts";
