export { isOutboundEntry, loopbackAllow, putOutboundAllow, readOutboundAllow } from "./outbound.ts";
export { settingRoutes } from "./routes.ts";
