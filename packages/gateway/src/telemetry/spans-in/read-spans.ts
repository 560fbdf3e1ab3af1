/** What is read of an application's own span: conventions for generative AI, nothing of its content. */
export interface ReportedSpan {
  /** Hex; null where it isn't as W3C Trace Context has it. */
  readonly traceId: string | null;
  readonly spanId: string | null;
  readonly parentSpanId: string | null;
  /** Epoch milliseconds, as the application's clock says. */
  readonly startedMs: number | null;
  readonly endedMs: number | null;
  readonly operation: string | null;
  readonly model: string | null;
  readonly tool: string | null;
  /** Host that was called, as the application's instrumentation saw it. */
  readonly address: string | null;
  /** Set by the gateway itself: such a call is on record. */
  readonly decision: string | null;
}

export interface ReadSpans {
  readonly spans: readonly ReportedSpan[];
  /** Beyond what one request may hold. */
  readonly rejected: number;
}

export const maxSpans = 2_000;
export const maxAttributes = 128;

/** Members of an OTLP export request in JSON, as deep as they matter here. What has another shape is passed over. */
export function readSpans(request: unknown): ReadSpans {
  const spans: ReportedSpan[] = [];
  let rejected = 0;
  for (const resource of list(request, "resourceSpans"))
    for (const scope of list(resource, "scopeSpans"))
      for (const span of list(scope, "spans")) {
        if (spans.length < maxSpans) spans.push(readSpan(span));
        else rejected += 1;
      }
  return { spans, rejected };
}

function readSpan(span: unknown): ReportedSpan {
  const said = new Map<string, string>();
  for (const attribute of list(span, "attributes").slice(0, maxAttributes)) {
    const { key, value } = (attribute ?? {}) as { readonly key?: unknown; readonly value?: { readonly stringValue?: unknown } | null };
    if (typeof key === "string" && typeof value?.stringValue === "string") said.set(key, value.stringValue);
  }
  const { traceId, spanId, parentSpanId, startTimeUnixNano, endTimeUnixNano } = (span ?? {}) as Readonly<Record<string, unknown>>;
  return reportedSpan(said, { traceId, spanId, parentSpanId }, { start: nanoseconds(startTimeUnixNano), end: nanoseconds(endTimeUnixNano) });
}

/** A span of its attributes of text, ids in hex and times in nanoseconds; what isn't well formed is left out. */
export function reportedSpan(said: ReadonlyMap<string, string>, ids: { readonly traceId: unknown; readonly spanId: unknown; readonly parentSpanId: unknown }, times: { readonly start: bigint | null; readonly end: bigint | null }): ReportedSpan {
  const text = (key: string): string | null => said.get(key) ?? null;
  return {
    traceId: idOf(ids.traceId, 32),
    spanId: idOf(ids.spanId, 16),
    parentSpanId: idOf(ids.parentSpanId, 16),
    startedMs: milliseconds(times.start),
    endedMs: milliseconds(times.end),
    operation: text("gen_ai.operation.name"),
    // What was asked for is what was granted or not; what answered is another matter.
    model: text("gen_ai.request.model") ?? text("gen_ai.response.model"),
    tool: text("gen_ai.tool.name"),
    address: text("server.address"),
    decision: text("mandate.decision.id"),
  };
}

/** W3C Trace Context 1 §3.2.2: lower-case hex, not all zero. OTLP's JSON allows upper case. */
function idOf(value: unknown, digits: number): string | null {
  if (typeof value !== "string" || value.length !== digits || !/^[0-9a-f]+$/i.test(value) || /^0+$/.test(value)) return null;
  return value.toLowerCase();
}

function nanoseconds(value: unknown): bigint | null {
  return typeof value === "string" && /^\d{1,20}$/.test(value) ? BigInt(value) : null;
}

/** The year 2200: later is no time of a span. */
const latestMs = 7_258_118_400_000;

function milliseconds(nanos: bigint | null): number | null {
  if (nanos === null || nanos === 0n) return null;
  const ms = Number(nanos / 1_000_000n);
  return ms > latestMs ? null : ms;
}

function list(value: unknown, member: string): readonly unknown[] {
  const found: unknown = typeof value === "object" && value !== null ? (value as Readonly<Record<string, unknown>>)[member] : undefined;
  return Array.isArray(found) ? (found as unknown[]) : [];
}
