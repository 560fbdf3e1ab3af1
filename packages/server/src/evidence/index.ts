export { openEvidence } from "./evidence.ts";
export type { Evidence, EvidenceOptions } from "./evidence.ts";
export { getDecision, listDecisions, openDecisions, tallyByHour, tallyByResource } from "./decisions.ts";
export type { DecisionFilter, DecisionRecord, Tally } from "./decisions.ts";
export type { LogRow } from "./logs.ts";
export type { SealingKeyRow } from "./sealing-keys.ts";
