export { readGates, requireMet } from "./gates.ts";
export type { Gate, GateSubject } from "./gates.ts";
export { gateRoutes } from "./routes.ts";
