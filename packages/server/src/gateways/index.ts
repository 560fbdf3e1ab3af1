export { GatewayFigures } from "./figures.ts";
export { GatewayLinks } from "./links.ts";
export { createGatewayList, gatewaySchema } from "./list.ts";
export type { GatewayItem } from "./list.ts";
export { gatewayRoutes } from "./routes.ts";
