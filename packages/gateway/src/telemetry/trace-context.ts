import { hash } from "node:crypto";

/** Where a call stands in its caller's trace. */
export interface TraceContext {
  /** 32 lower-case hex digits. */
  readonly traceId: string;
  /** The caller's span, 16 lower-case hex digits; null: the trace begins here. */
  readonly parentId: string | null;
  readonly sampled: boolean;
  /** The caller named the trace, so others know it by this id. */
  readonly fromCaller: boolean;
}

type Header = string | string[] | undefined;

const form = /^([0-9a-f]{2})-([0-9a-f]{32})-([0-9a-f]{16})-([0-9a-f]{2})(-.*)?$/;

/**
 * W3C Trace Context level 1 §3.2: version 00 is these four fields alone, a later one may have more after them, ff is
 * none. What isn't one is no trace (§4.3), never an error.
 */
export function readTraceparent(header: Header): TraceContext | null {
  if (typeof header !== "string" || header.length > 512) return null;
  const parts = form.exec(header);
  if (parts === null) return null;
  const [, version, traceId, parentId, flags, more] = parts;
  if (version === "ff" || (version === "00" && more !== undefined) || /^0+$/.test(traceId!) || /^0+$/.test(parentId!)) return null;
  return { traceId: traceId!, parentId: parentId!, sampled: (Number.parseInt(flags!, 16) & 1) === 1, fromCaller: true };
}

/**
 * 16 hex digits, the same for a decision wherever it is asked: whoever holds a decision's id finds its span, and what
 * went upstream under it can be joined without anybody keeping a table.
 */
export function spanIdOf(decisionId: string): string {
  const id = hash("sha256", decisionId, "hex").slice(0, 16);
  // A span id of zeros is invalid; it happens to one decision in 2^64.
  return /^0+$/.test(id) ? "0000000000000001" : id;
}

/** @param spanId whose child the next one is; null: nothing here makes spans, so the caller's own goes on (§2.3) */
export function traceparentOf(context: TraceContext, spanId: string | null): string | null {
  const parent = spanId ?? context.parentId;
  return parent === null ? null : `00-${context.traceId}-${parent}-${context.sampled ? "01" : "00"}`;
}
