export { checkGate } from "./checks.ts";
export type { GateFacts } from "./checks.ts";
export { loadGateSurroundings, readGateFacts, readGates, requireMet } from "./gates.ts";
export type { Gate, GateSubject } from "./gates.ts";
export { gateRoutes } from "./routes.ts";
