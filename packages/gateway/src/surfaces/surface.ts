import type { Protocol } from "@mandate/model";
import type { Turn } from "@mandate/policy";
import type { SseEvent } from "../sse/sse-reader.ts";
import type { FieldTable } from "./fields.ts";

export type ErrorShape = "openai" | "anthropic" | "gemini" | "bedrock";
export type Framing = "sse" | "json-array" | "aws-events";

/** What the pipeline needs of a request; everything else in the body stays bytes. */
export interface RequestView {
  readonly model: string;
  readonly stream: boolean;
  /** The conversation in order, for labels and provenance. */
  readonly turns: readonly Turn[];
  /** Parts the provider would run or fetch by itself: each must be granted as `tool:hosted.NAME`. */
  readonly effects: readonly HostedEffect[];
  /** Effects that the provider's default has where the request says nothing. */
  readonly implied: readonly HostedEffect[];
  /** Ids of things kept at the provider; each must be one that this gateway issued to this system. */
  readonly references: readonly { readonly id: string; readonly param: string }[];
  /** Members outside the field table, in dotted form. */
  readonly unlisted: readonly string[];
  /** Content that no check can read (images, audio, files): untrusted, and of the boundary's highest class. */
  readonly opaque: boolean;
  readonly maxOutputTokens: number | null;
  /** Content of the conversation that is no turn's own words: arguments of earlier calls, reasoning. */
  readonly beside?: readonly string[];
}

export interface HostedEffect {
  /** Without the `hosted.` prefix. */
  readonly name: string;
  readonly param: string;
}

/** A call the model asks for. */
export interface ToolCall {
  /** Names it within the answer, for the record. */
  readonly key: string;
  readonly name: string;
  /** Run by the provider itself, already done or about to be. */
  readonly hosted: boolean;
  /** JSON text as the model wrote it; may be cut short. */
  readonly argumentsText: string;
}

/**
 * A file in an answer (speech, an image, a document). No check of this gateway can read one, so it is decided like a tool
 * that the provider ran: passed where `tool:hosted.file_output` was granted, else refused.
 */
export function fileOutput(key: string): ToolCall {
  return { key, name: "file_output", hosted: true, argumentsText: "" };
}

export interface TokenUsage {
  readonly input: number;
  readonly output: number;
}

export interface AnswerView {
  /** Every model id the answer names. */
  readonly served: readonly string[];
  readonly calls: readonly ToolCall[];
  readonly usage: TokenUsage | null;
  readonly text: string;
  /** Id the provider keeps the answer under. */
  readonly issued: string | null;
}

/** What one stream event adds. */
export interface EventView {
  readonly served: string | null;
  /** Calls that became whole with this event. */
  readonly calls: readonly ToolCall[];
  readonly usage: TokenUsage | null;
  readonly text: string;
  readonly issued: string | null;
  /** The surface's own mark of the end. */
  readonly terminal: boolean;
}

export interface StreamReader {
  accept(event: SseEvent): EventView;
  /** True while a tool call is incomplete: nothing from its first event on may leave. */
  readonly pending: boolean;
  /** Calls that the stream ended without completing. */
  unfinished(): readonly ToolCall[];
}

/** One model API. Adding one means one folder with this shape. */
export interface Surface {
  readonly name: string;
  readonly path: string;
  readonly errorShape: ErrorShape;
  readonly protocols: readonly Protocol[];
  /** Behind the model's endpoint, which ends in its version segment. @param upstream the provider's name of the model */
  readonly upstreamPath: (upstream: string) => string;
  /** What stands in the path rather than in the body; bound into the request's hash, so that an approval binds it. */
  readonly target?: string;
  /** How the provider divides a stream into events. Absent: server-sent events. */
  readonly framing?: Framing;
  readonly fields: FieldTable;
  /** Top-level array whose elements are sealed one by one. */
  readonly messagesMember: string;
  /** Top-level members that `readRequest` makes the turns of; every other one is read as it stands. */
  readonly conversation: readonly string[];
  /** The answer names the model that served it. */
  readonly namesModel: boolean;
  /** @throws FieldProblem when a member has the wrong type */
  readRequest(body: Readonly<Record<string, unknown>>): RequestView;
  readAnswer(body: Readonly<Record<string, unknown>>): AnswerView;
  streamReader(): StreamReader;
}

export const emptyEvent: EventView = { served: null, calls: [], usage: null, text: "", issued: null, terminal: false };
