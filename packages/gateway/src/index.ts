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
  IssuerKeys,
} from "./options.ts";
export type { ControlPort, HoldRequest, HoldTicket, SpendResult } from "./control-port.ts";
export type {
  DecidedTool,
  DecisionSummary,
  EntryDraft,
  EvidenceSink,
  JournalReader,
  JournalRecord,
  SealedRecord,
} from "./evidence-sink.ts";
export type { SealingKey, Snapshot, UpstreamSecret } from "./snapshot.ts";
export { Journal, JournalSink, nodeDisk, Sealer } from "./evidence/index.ts";
export type { JournalDisk, JournalOptions, JournalSigner, OpenCall, SealerOptions } from "./evidence/index.ts";
export { OutboundRule } from "./upstream/address.ts";
