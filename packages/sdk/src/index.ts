export { MandateClient } from "./client.ts";
export type { ClientOptions, Filters } from "./client.ts";
export { ApprovalRequired, PolicyDenied } from "./decide.ts";
export type { ApprovalTicket, Question, Verdict } from "./decide.ts";
export { MandateError } from "./error.ts";
export type { Remedy } from "./error.ts";
export { MachineIdentity } from "./machine.ts";
export type { MachineOptions } from "./machine.ts";
export type { LiveEvent } from "./events.ts";
export type { CallOptions, Fetch, Query } from "./transport.ts";
export type {
  Answer,
  BatchAnswer,
  BatchResult,
  Approval,
  ApprovalMetrics,
  ApprovalSignature,
  Applied,
  Change,
  ChangedTier,
  DecisionRecord,
  DecisionSummary,
  Delegation,
  EntryRef,
  EvidenceEntry,
  LogHead,
  CredentialRegistration,
  NewCredential,
  NewMachine,
  Outcome,
  Page,
  PasskeyAssertion,
  Resource,
  SampleRemoval,
  Session,
  TierReason,
} from "./types.ts";
