export { isOutboundEntry, loopbackAllow, putOutboundAllow, readOutboundAllow } from "./outbound.ts";
export { readMcpCommands } from "./mcp-commands.ts";
export { settingRoutes } from "./routes.ts";
