export { controlOutcomes, goodForMs, outcomeAt, outcomeFor } from "./result.ts";
export type { ControlFault, ControlOutcome, ControlProof, ControlResult, Grade, SystemCount } from "./result.ts";
export { latestResults, resultHistory } from "./store.ts";
export type { HistoryPage, ResultFilter } from "./store.ts";
