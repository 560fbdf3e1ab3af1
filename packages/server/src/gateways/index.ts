export { gatewayRoutes } from "./gateways.ts";
export type { GatewayState } from "./gateways.ts";
