import type { ProofBook } from "../auth/dpop.ts";
import type { SessionBooks } from "../auth/session-token.ts";
import type { Refusal } from "../http/refusal.ts";
import type { GatewayLimits, GatewayOptions } from "../options.ts";
import type { McpHub } from "../mcp/hub.ts";
import type { Slots } from "../slots.ts";
import type { UpstreamClient } from "../upstream/client.ts";
import type { AnswerStore } from "./answer-store.ts";
import type { EmittedAnswers } from "./emitted-answers.ts";
import type { Meter } from "./meter.ts";
import type { Price } from "./prices.ts";
import type { ReferenceSample } from "./reference-sample.ts";
import type { TextsRead } from "./texts-read.ts";
import type { Tracer } from "../telemetry/tracer.ts";

/** What every call shares. Made once by `createGateway`. */
export interface Runtime {
  readonly options: GatewayOptions;
  readonly limits: GatewayLimits;
  /** Epoch milliseconds that never go back (G5). */
  readonly now: () => number;
  readonly sessions: SessionBooks;
  /** 32 bytes from which the tokens of each session are made. */
  readonly tokenKey: Uint8Array;
  readonly proofs: ProofBook;
  readonly upstream: UpstreamClient;
  readonly tracer: Tracer;
  readonly meter: Meter;
  /** Of models whose price nobody stated. */
  readonly assumedPrice: Price;
  readonly reference: ReferenceSample;
  /** What the detectors found in texts of requests. */
  readonly texts: TextsRead;
  readonly answers: AnswerStore;
  readonly mcp: McpHub;
  /** Whose ids are the only ones a later request may refer to. */
  readonly emitted: EmittedAnswers;
  readonly running: Slots<RunningCall>;
  /** Why a call that starts now must not: what changed between its decision and its durable intent counts as well. */
  readonly stopOf: (call: RunningCall) => Refusal | null;
  /** When a served model id outside the accepted list was first seen, by system and id. */
  readonly firstSeenServed: Map<string, number>;
}

export interface RunningCall {
  readonly system: string;
  /** The caller's, then those it acts for. */
  readonly credentials: readonly string[];
  readonly model: string;
  /** Register names of the tools it runs, those at the provider included. */
  readonly tools: readonly string[];
  /** Ends the call: the refusal is what its caller reads. */
  cut(refusal: Refusal): void;
}
