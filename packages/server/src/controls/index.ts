export { controlOutcomes, goodForMs, outcomeAt, outcomeFor } from "./result.ts";
export type { ControlFault, ControlOutcome, ControlProof, ControlResult, Grade, SystemCount } from "./result.ts";
export { latestResults, resultHistory } from "./store.ts";
export type { HistoryPage, ResultFilter } from "./store.ts";
export { createControls } from "./service.ts";
export type { ControlParts, ControlRun, Controls } from "./service.ts";
export { controlResultSchema, controlRoutes } from "./routes.ts";
export { probeCredentials, withProbes } from "./probes/facts.ts";
export { failingForProbe } from "./probes/unlogged.ts";
