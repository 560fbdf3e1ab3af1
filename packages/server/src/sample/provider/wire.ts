import type { Pacing, ScriptedStatus } from "./script.ts";

/** What a wire format turns one request into. */
export type Reply =
  | {
      readonly kind: "json";
      readonly status: number;
      readonly body: unknown;
      readonly headers?: Readonly<Record<string, string>>;
    }
  | { readonly kind: "stream"; readonly events: readonly StreamEvent[]; readonly pacing: Pacing };

/** One server-sent event, already framed. `piece` marks those that carry part of the answer: pacing and cuts count them. */
export interface StreamEvent {
  readonly text: string;
  readonly piece: boolean;
}

/** Values that make ids differ from call to call while the words stay the same. */
export interface Stamp {
  /** Lower-case hex, 64 characters. */
  readonly hex: string;
  /** Epoch seconds. */
  readonly created: number;
}

/** Base-62-looking id tail of `length` characters, as providers write them. */
export function idTail(stamp: Stamp, salt: string, length: number): string {
  const alphabet = "0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz";
  let state = 0;
  for (const char of salt + stamp.hex) state = (Math.imul(state, 31) + char.charCodeAt(0)) >>> 0;
  let tail = "";
  while (tail.length < length) {
    state = (Math.imul(state, 1_664_525) + 1_013_904_223) >>> 0;
    tail += alphabet[(state >>> 16) % 62];
  }
  return tail;
}

/** Provider's model id in answers: dated, as real providers answer for an alias. */
export function servedAs(model: string): string {
  return dated[model] ?? model;
}

const dated: Readonly<Record<string, string>> = {
  "claude-sonnet-4-5": "claude-sonnet-4-5-20250929",
  "mistral-large-2": "mistral-large-2407",
  "gpt-4.1-mini": "gpt-4.1-mini-2025-04-14",
  "gpt-4.1": "gpt-4.1-2025-04-14",
};

/** Models the script lists. */
export const listed = [
  "claude-sonnet-4-5",
  "gpt-4.1",
  "gpt-4.1-mini",
  "mistral-large-2",
  "text-embedding-3-small",
] as const;

export function isRecord(value: unknown): value is Record<string, unknown> {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}

export function records(value: unknown): readonly Record<string, unknown>[] {
  return Array.isArray(value) ? value.filter(isRecord) : [];
}

/** Text of a message's content, given as a string or as typed parts. */
export function textOf(content: unknown): string {
  if (typeof content === "string") return content;
  return records(content)
    .map((part) => (typeof part.text === "string" ? part.text : ""))
    .join("");
}

export const retryAfter: Readonly<Partial<Record<ScriptedStatus, string>>> = { 429: "2", 503: "1", 529: "1" };
