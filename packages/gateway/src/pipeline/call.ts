import type {
  Decision,
  DecisionRequest,
  ModelFacts,
  SessionLabels,
  StreamMode,
  SystemFacts,
} from "@mandate/model";
import type { Declassified } from "@mandate/policy";
import type { CallingCredential } from "../auth/authenticate.ts";
import type { Session } from "../auth/session-token.ts";
import type { User } from "../auth/user-token.ts";
import type { Compiled } from "../compiled.ts";
import type { DecidedTool } from "../evidence-sink.ts";
import type { Exchange } from "../http/exchange.ts";
import type { TokenBook } from "./token-book.ts";
import type { RequestView, Surface, TokenUsage } from "../surfaces/surface.ts";

/** One governed model call, from the moment its request is understood. */
export interface Call {
  readonly exchange: Exchange;
  readonly compiled: Compiled;
  readonly surface: Surface;
  readonly system: SystemFacts;
  readonly credential: CallingCredential;
  readonly model: ModelFacts;
  readonly view: RequestView;
  readonly body: Buffer;
  /** Hex SHA-256 of the body, ahead of it what the path says where the surface has such. */
  readonly requestHash: string;
  /** Bytes of each message, as they stand in the body. */
  readonly messages: readonly Uint8Array[];
  readonly purpose: string | null;
  readonly user: User | null;
  readonly session: Session | null;
  readonly labels: SessionLabels;
  readonly userTexts: readonly string[];
  /** Results that taint nothing although their tools' output is untrusted. */
  readonly declassified: readonly Declassified[];
  readonly request: DecisionRequest;
  readonly decision: Decision;
  /** `x-mandate-approval`, not yet spent. */
  readonly approvalId: string | null;
  /** Types that the request detectors found. */
  readonly found: readonly string[];
  /** Set once a rule put tokens in place of data: the answer is read whole, and they are restored in it. */
  readonly tokens?: TokenBook | null;
}

/** One tool call of an answer, as it was decided. A released answer's calls are decided again under the same key. */
export interface ToolDecision extends DecidedTool {
  readonly key: string;
  readonly code: string | null;
  readonly rule: string | null;
  /** What failed in evaluation. */
  readonly alert: string | null;
  readonly request: DecisionRequest;
}

/** What the response detectors did. Written by the check itself, never assumed. */
export interface ContentCheck {
  /** `not_run`: the tier's mode is *pass*. `incomplete`: the answer ended or was cut before all of it was read. */
  readonly result: "not_run" | "incomplete" | "passed" | "found" | "failed";
  /** Id and version of each that ran. */
  readonly detectors: Readonly<Record<string, string>>;
  readonly types: readonly string[];
  /** UTF-16 units of text read. */
  readonly chars: number;
  /** Tokens that left as the values they stand for. Absent: none. */
  readonly restored?: number;
}

/** What is known about an answer when its call ends. */
export interface AnswerRecord {
  readonly mode: string;
  readonly status: number | null;
  readonly served: readonly string[];
  readonly usage: TokenUsage | null;
  readonly releasedBytes: number;
  readonly tools: readonly ToolDecision[];
  readonly check: ContentCheck;
  readonly body: Buffer | null;
  /** Hex SHA-256 of the answer as it came and as it left, where masks or tokens made them differ. */
  readonly hashes?: { readonly received: string; readonly left: string } | null;
}

/**
 * The tier's mode, or a stricter one: tokens are restored in an answer that was read whole, and where a rule masks, no
 * answer passes unread.
 */
export function streamModeOf(call: Call): StreamMode {
  const mode = call.system.parameters.streamMode;
  if ((call.tokens?.size ?? 0) > 0) return "full";
  return mode === "pass" && call.decision.obligations.some(({ kind }) => kind === "redact" || kind === "tokenize") ? "window" : mode;
}
