import type { IncomingMessage, ServerResponse } from "node:http";
import type { Tier } from "@mandate/model";
import type { ControlPort } from "./control-port.ts";
import type { EvidenceSink } from "./evidence-sink.ts";
import type { SpentBefore } from "./pipeline/meter.ts";
import type { AddedTimes } from "./telemetry/added-times.ts";
import type { TelemetrySettings } from "./telemetry/settings.ts";

/** Bounds of everything a caller or an upstream can make this process hold or wait for. */
export interface GatewayLimits {
  readonly maxBodyBytes: number;
  /** Whole request body, from first to last byte: a slow sender ends here. */
  readonly bodyTimeoutMs: number;
  readonly maxJsonDepth: number;
  readonly maxAnswerBytes: number;
  /** One message of an MCP server. */
  readonly maxMcpMessageBytes: number;
  /** Events held back while a tool call is incomplete, and the largest single stream event. */
  readonly maxHeldBytes: number;
  /** Text held back in `window` mode, so that a check sees what surrounds it. */
  readonly windowChars: number;
  readonly upstreamConnectMs: number;
  readonly upstreamHeadersMs: number;
  readonly upstreamIdleMs: number;
  /** First request byte to last answer byte. */
  readonly callMs: number;
  /** A caller that reads nothing for this long is cut. */
  readonly callerIdleMs: number;
  readonly upstreamConnections: number;
  readonly maxInFlight: number;
  /** Bodies and answers of all calls under way, together: at most twice this is held, and an equal share of it by each at least. */
  readonly maxBytesInFlight: number;
  readonly drainMs: number;
  /** Answers kept for a held tool call, all together. */
  readonly maxStoredAnswerBytes: number;
  /** Reserved for an answer whose request names no maximum. */
  readonly reservedOutputTokens: number;
  /** One decision in so many is compared with the reference engine. */
  readonly referenceEvery: number;
  /** Keeps money limits where a model's register entry states no price. Micro-euro for one token. */
  readonly inputMicroEurosPerToken: number;
  readonly outputMicroEurosPerToken: number;
}

export const defaultLimits: GatewayLimits = {
  maxBodyBytes: 16 * 1024 * 1024,
  bodyTimeoutMs: 30_000,
  maxJsonDepth: 64,
  maxAnswerBytes: 32 * 1024 * 1024,
  maxMcpMessageBytes: 8 * 1024 * 1024,
  maxHeldBytes: 4 * 1024 * 1024,
  windowChars: 256,
  upstreamConnectMs: 5_000,
  upstreamHeadersMs: 300_000,
  upstreamIdleMs: 120_000,
  callMs: 600_000,
  callerIdleMs: 60_000,
  // A stream holds its connection from first to last byte: fewer than calls in flight would make them wait for each other.
  upstreamConnections: 2_048,
  maxInFlight: 2_048,
  maxBytesInFlight: 512 * 1024 * 1024,
  drainMs: 8_000,
  maxStoredAnswerBytes: 64 * 1024 * 1024,
  reservedOutputTokens: 1_024,
  referenceEvery: 1_000,
  inputMicroEurosPerToken: 3,
  outputMicroEurosPerToken: 15,
};

/** Lines for operators. Never content, never a secret. */
export interface GatewayLog {
  warn(event: string, details: Readonly<Record<string, unknown>>): void;
  error(event: string, details: Readonly<Record<string, unknown>>): void;
}

export interface GatewayOptions {
  readonly control: ControlPort;
  readonly evidence: EvidenceSink;
  /** Epoch milliseconds. */
  readonly clock: () => number;
  /** Milliseconds, with fractions, that only go forward: how long things take. Absent: the process's own. */
  readonly elapsed?: () => number;
  /** Fills its argument with random bytes and returns it. */
  readonly random: (bytes: Uint8Array) => Uint8Array;
  readonly limits?: Partial<GatewayLimits>;
  readonly log: GatewayLog;
  /** 32 bytes that sign session tokens; absent: random, so tokens end with the process. */
  readonly sessionKey?: Uint8Array;
  /** What each system and credential used of its limits before this start, by its evidence: a restart gives nobody a fresh day. */
  readonly used?: readonly SpentBefore[];
  /** Whether MCP servers may be started here as processes; absent: no. What may be started is the snapshot's to say. */
  readonly mcpProcesses?: boolean;
  /** Which traces are sampled; absent: no spans are made here, and a caller's trace passes as it came. */
  readonly sampling?: Pick<TelemetrySettings, "ratio" | "followsParent"> | null;
}

export interface GatewayReadiness {
  readonly ready: boolean;
  readonly registerVersion: number | null;
  readonly evidence: boolean;
  /** Tiers whose staleness bound has passed: their calls get `control_unavailable`. */
  readonly tiersRefused: readonly Tier[];
}

export type HttpHandler = (req: IncomingMessage, res: ServerResponse) => void;

/** Who asks a decision on the control listener: an API token that the control plane has checked. */
export interface AuthzenCaller {
  readonly kind: "token";
  /** Requester of a hold that the question opens: an e-mail, never among its approvers. */
  readonly accountable: string;
  readonly id: string;
}

export interface Gateway {
  /** Everything on the gateway's own listener. */
  readonly handler: HttpHandler;
  /**
   * AuthZEN on the control listener. `caller` is the checked API token, or null: then the request's bearer must be the
   * subject's own gateway key.
   */
  readonly authzen: (req: IncomingMessage, res: ServerResponse, caller: AuthzenCaller | null) => void;
  ready(): GatewayReadiness;
  /** Cuts the system's running calls at once. Suspending does it too, through the snapshot. */
  killSystem(name: string): void;
  /** Finishes what runs (bounded by `drainMs`), refuses what comes. */
  close(): Promise<void>;
  /** What this gateway itself took of the calls it carried or decided. */
  readonly added: AddedTimes;
  /** Counts since start: unauthenticated refusals by code, calls in flight. */
  counts(): { readonly inFlight: number; readonly bytesInFlight: number; readonly unauthenticated: Readonly<Record<string, number>> };
}
