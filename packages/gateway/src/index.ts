export { createGateway } from "./gateway.ts";
export { createGatewayServer, listenerOptions } from "./server.ts";
export { defaultLimits } from "./options.ts";
export type {
  AuthzenCaller,
  Gateway,
  GatewayLimits,
  GatewayLog,
  GatewayOptions,
  GatewayReadiness,
  HttpHandler,
} from "./options.ts";
export type { Lease, LeaseAsk, LeaseGrant } from "./pipeline/lease.ts";
export type { SpentBefore } from "./pipeline/meter.ts";
export { costOf, priceOf } from "./pipeline/prices.ts";
export { joinLabels } from "./auth/session-token.ts";
export type { ControlPort, HoldRequest, HoldTicket, SessionTaken, SpendResult } from "./control-port.ts";
export type {
  DecidedTool,
  DecisionSummary,
  EntryDraft,
  EvidenceSink,
  JournalReader,
  JournalRecord,
  SealedRecord,
} from "./evidence-sink.ts";
export type { IssuerKeySet, SealingKey, Snapshot, UpstreamSecret } from "./snapshot.ts";
export { maxActors, maxTokenSeconds, readAccessToken } from "./auth/access-token.ts";
export type { AccessTokenRules, TokenUse } from "./auth/access-token.ts";
export { dpopAlgorithms, ProofBook, verifyProof } from "./auth/dpop.ts";
export { jwsAlgorithms, leewaySeconds, readJws, signedByOneOf, thumbprint, verificationKey, verificationKeys } from "./auth/jws.ts";
export type { Jwk, Jws, VerificationKey } from "./auth/jws.ts";
export { readUserToken } from "./auth/user-token.ts";
export type { User } from "./auth/user-token.ts";
export { installSuccessor, Journal, journalOrigin, JournalSink, nodeDisk, prepareSuccessor, Sealer, sealingKeyLookup, settleSuccession, subjectTag } from "./evidence/index.ts";
export type { JournalDisk, JournalOptions, JournalSigner, OpenCall, SealerOptions, SinkPart } from "./evidence/index.ts";
export { hostName, isFromHere, isLoopbackName } from "./http/loopback.ts";
export { callKinds, DecisionCounts, expositionType, gatewayMetrics, renderMetrics, startTelemetry } from "./telemetry/index.ts";
export type { AddedLately, DecisionCount, Gauge, KeptSpan, Metric, SpanCounts, Telemetry } from "./telemetry/index.ts";
export { askListener, failingForProbe, listenerOf, probeKeyPrefix, unloggedProbe } from "./probe/index.ts";
export type { Listener, ProbeCall, ProbeMet } from "./probe/index.ts";
export { bytesInFlightFor } from "./byte-budget.ts";
export { OutboundRule } from "./upstream/address.ts";
export { isToolName, offeredTools } from "./mcp/definitions.ts";
export { askProcess } from "./mcp/stdio/ask-process.ts";
export type { OfferedTool } from "./mcp/definitions.ts";
export { authzenConfiguration } from "./authzen/handle.ts";
export { release } from "./release.ts";
export type { Release } from "./release.ts";
