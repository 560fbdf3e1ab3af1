import type { ReportedSpan } from "./read-spans.ts";

/** A span that a conversation's timeline can show: ids and names alone. */
export interface KeptSpan {
  readonly traceId: string;
  readonly spanId: string;
  readonly parentSpanId: string | null;
  readonly startedMs: number;
  readonly endedMs: number | null;
  readonly operation: string;
  readonly model: string | null;
  readonly tool: string | null;
  readonly address: string | null;
  readonly decision: string | null;
}

/** Names are repeated only if they look like names: a span may say anything. */
export const namePattern = /^[\w.:/@-]{1,128}$/;
export const hostPattern = /^[a-z0-9](?:[a-z0-9.-]{0,252})$/;

const nameOf = (text: string | null): string | null => (text !== null && namePattern.test(text) ? text : null);

/** Null: it says nothing of generative AI, or can't be placed. */
export function keptSpan({ traceId, spanId, parentSpanId, startedMs, endedMs, operation, model, tool, address, decision }: ReportedSpan): KeptSpan | null {
  const named = nameOf(operation);
  if (traceId === null || spanId === null || startedMs === null || named === null) return null;
  const host = address?.toLowerCase() ?? null;
  return { traceId, spanId, parentSpanId, startedMs, endedMs, operation: named, model: nameOf(model), tool: nameOf(tool), address: host !== null && hostPattern.test(host) ? host : null, decision: nameOf(decision) };
}
