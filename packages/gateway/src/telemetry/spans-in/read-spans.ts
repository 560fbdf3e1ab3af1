/** What is read of an application's own span: conventions for generative AI, nothing of its content. */
export interface ReportedSpan {
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

const maxSpans = 2_000;
const maxAttributes = 128;

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
  const text = (key: string): string | null => said.get(key) ?? null;
  return {
    operation: text("gen_ai.operation.name"),
    // What was asked for is what was granted or not; what answered is another matter.
    model: text("gen_ai.request.model") ?? text("gen_ai.response.model"),
    tool: text("gen_ai.tool.name"),
    address: text("server.address"),
    decision: text("mandate.decision.id"),
  };
}

function list(value: unknown, member: string): readonly unknown[] {
  const found: unknown = typeof value === "object" && value !== null ? (value as Readonly<Record<string, unknown>>)[member] : undefined;
  return Array.isArray(found) ? (found as unknown[]) : [];
}
