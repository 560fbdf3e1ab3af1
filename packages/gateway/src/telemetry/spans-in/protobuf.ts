import { maxAttributes, maxSpans, type ReadSpans, type ReportedSpan, reportedSpan } from "./read-spans.ts";
import { protoFields, UnreadableProto } from "./proto-fields.ts";

// opentelemetry/proto/collector/trace/v1/trace_service.proto and trace/v1/trace.proto: the numbers of what is read here.
const resourceSpans = 1;
const scopeSpans = 2;
const spans = 2;
const span = { traceId: 1, spanId: 2, parentSpanId: 4, name: 5, start: 7, end: 8, attributes: 9 } as const;
const keyValue = { key: 1, value: 2 } as const;
const stringValue = 1;

const utf8 = new TextDecoder("utf-8", { fatal: true });

/**
 * The spans of an ExportTraceServiceRequest in Protocol Buffers, as `readSpans` reads them of JSON.
 * @throws UnreadableProto
 */
export function readProtobufSpans(request: Uint8Array): ReadSpans {
  const found: ReportedSpan[] = [];
  let rejected = 0;
  for (const resource of inside(request, resourceSpans))
    for (const scope of inside(resource, scopeSpans))
      for (const one of inside(scope, spans)) {
        if (found.length < maxSpans) found.push(readSpan(one));
        else rejected += 1;
      }
  return { spans: found, rejected };
}

function* inside(message: Uint8Array, number: number): Generator<Uint8Array> {
  for (const field of protoFields(message)) if (field.number === number && field.bytes !== null) yield field.bytes;
}

function readSpan(message: Uint8Array): ReportedSpan {
  const said = new Map<string, string>();
  let attributes = 0;
  const ids: { traceId: string | null; spanId: string | null; parentSpanId: string | null } = { traceId: null, spanId: null, parentSpanId: null };
  const times: { start: bigint | null; end: bigint | null } = { start: null, end: null };
  for (const { number, bytes, fixed64 } of protoFields(message)) {
    if (number === span.start) times.start = fixed64;
    else if (number === span.end) times.end = fixed64;
    else if (bytes === null) continue;
    else if (number === span.traceId) ids.traceId = hex(bytes);
    else if (number === span.spanId) ids.spanId = hex(bytes);
    else if (number === span.parentSpanId) ids.parentSpanId = hex(bytes);
    else if (number === span.attributes && attributes < maxAttributes) {
      attributes += 1;
      const attribute = readAttribute(bytes);
      if (attribute !== null) said.set(...attribute);
    }
  }
  return reportedSpan(said, ids, times);
}

/** Its key and text; null: of another kind. */
function readAttribute(message: Uint8Array): readonly [string, string] | null {
  let key: string | null = null;
  let text: string | null = null;
  for (const { number, bytes } of protoFields(message)) {
    if (bytes === null) continue;
    if (number === keyValue.key) key = textOf(bytes);
    else if (number === keyValue.value) for (const value of inside(bytes, stringValue)) text = textOf(value);
  }
  return key === null || text === null ? null : [key, text];
}

function textOf(bytes: Uint8Array): string {
  try {
    return utf8.decode(bytes);
  } catch {
    throw new UnreadableProto("A text is no UTF-8.");
  }
}

const hex = (bytes: Uint8Array): string => Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength).toString("hex");

const partialSuccess = 1;
const rejectedSpans = 1;
const errorMessage = 2;

/** An ExportTraceServiceResponse: empty, or a partial success that says how many were left out. */
export function protobufReply(rejected: number, message: string): Buffer {
  if (rejected === 0) return Buffer.alloc(0);
  const text = Buffer.from(message, "utf8");
  const inner = Buffer.concat([Buffer.from([(rejectedSpans << 3) | 0, ...varintOf(rejected), (errorMessage << 3) | 2, ...varintOf(text.length)]), text]);
  return Buffer.concat([Buffer.from([(partialSuccess << 3) | 2, ...varintOf(inner.length)]), inner]);
}

function varintOf(value: number): number[] {
  const bytes: number[] = [];
  let rest = value;
  for (; rest > 0x7f; rest = Math.floor(rest / 128)) bytes.push((rest % 128) | 0x80);
  return [...bytes, rest];
}
