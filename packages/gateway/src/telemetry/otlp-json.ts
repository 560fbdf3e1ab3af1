import { type Attributes, type AttributeValue, type Span, spanKinds } from "./span.ts";

/** Semantic conventions that the attributes follow; GenAI's are in development there and may change with a release. */
const schemaUrl = "https://opentelemetry.io/schemas/1.37.0";

/** Bits 8 and 9 of `flags`: it is known whether the parent is remote, and it is. */
const remoteParent = 0x300;
const localParent = 0x100;

export interface Resource {
  readonly attributes: Attributes;
  readonly scopeVersion: string;
}

/**
 * ExportTraceServiceRequest in OTLP's JSON (OTLP 1.x, JSON Protobuf Encoding): ids in hex, 64-bit integers as text,
 * enums as numbers, names in lowerCamelCase.
 */
export function exportRequest(resource: Resource, spans: readonly Span[]): string {
  return JSON.stringify({
    resourceSpans: [
      {
        resource: { attributes: keyValues(resource.attributes) },
        scopeSpans: [{ scope: { name: "mandate.gateway", version: resource.scopeVersion }, spans: spans.map(encoded), schemaUrl }],
        schemaUrl,
      },
    ],
  });
}

function encoded(span: Span): Readonly<Record<string, unknown>> {
  return {
    traceId: span.traceId,
    spanId: span.spanId,
    ...(span.parentId === null ? {} : { parentSpanId: span.parentId }),
    flags: (span.sampled ? 1 : 0) | (span.parentId === null ? localParent : remoteParent),
    name: span.name,
    kind: spanKinds[span.kind],
    startTimeUnixNano: nanos(span.startMs),
    endTimeUnixNano: nanos(Math.max(span.startMs, span.endMs)),
    attributes: keyValues(span.attributes),
    ...(span.events.length === 0
      ? {}
      : { events: span.events.map((event) => ({ timeUnixNano: nanos(event.atMs), name: event.name, attributes: keyValues(event.attributes) })) }),
    // 2: error. 0 says nothing of success, which is what an instrumentation may say.
    status: span.error === null ? { code: 0 } : { code: 2, message: span.error },
  };
}

/** Milliseconds may have a fraction; a nanosecond count is beyond what a double holds. */
function nanos(milliseconds: number): string {
  return String(BigInt(Math.round(milliseconds * 1000)) * 1000n);
}

function keyValues(attributes: Attributes): readonly { key: string; value: unknown }[] {
  return Object.entries(attributes).flatMap(([key, value]) => (value === null || value === undefined ? [] : [{ key, value: anyValue(value) }]));
}

function anyValue(value: AttributeValue): Readonly<Record<string, unknown>> {
  if (typeof value === "string") return { stringValue: value };
  if (typeof value === "boolean") return { boolValue: value };
  if (typeof value === "number") return Number.isSafeInteger(value) ? { intValue: String(value) } : { doubleValue: value };
  return { arrayValue: { values: value.map((one) => ({ stringValue: one })) } };
}
