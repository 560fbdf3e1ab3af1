import { createServer, type IncomingHttpHeaders, type ServerResponse } from "node:http";
import type { AddressInfo } from "node:net";
import { gunzipSync } from "node:zlib";

export interface CollectedSpan {
  readonly traceId: string;
  readonly spanId: string;
  readonly parentSpanId?: string;
  readonly flags: number;
  readonly name: string;
  readonly kind: number;
  readonly startTimeUnixNano: string;
  readonly endTimeUnixNano: string;
  readonly attributes: Readonly<Record<string, unknown>>;
  readonly events: readonly { readonly name: string; readonly attributes: Readonly<Record<string, unknown>> }[];
  readonly status: { readonly code: number; readonly message?: string };
}

export interface TestCollector {
  readonly url: string;
  readonly requests: { readonly path: string; readonly headers: IncomingHttpHeaders; readonly text: string }[];
  readonly resources: Readonly<Record<string, unknown>>[];
  /** Spans of requests that were taken. */
  readonly spans: CollectedSpan[];
  /** What in the requests isn't as OTLP's JSON has it. */
  readonly problems: string[];
  /** True when it answered by itself; what it says is then not taken. */
  answer: (nth: number, res: ServerResponse) => boolean;
  close(): Promise<void>;
}

/** OTLP's request in its proto3 JSON mapping, as far as a collector reads it; what a sender made of it, `problems` says. */
interface TracesRequest {
  readonly resourceSpans: readonly { readonly resource: { readonly attributes: readonly KeyValue[] }; readonly schemaUrl: unknown; readonly scopeSpans: readonly { readonly scope: { readonly name: unknown; readonly version: unknown }; readonly spans: readonly SentSpan[] }[] }[];
}

type SentSpan = Omit<CollectedSpan, "attributes" | "events"> & { readonly attributes: readonly KeyValue[]; readonly events?: readonly { readonly name: string; readonly attributes: readonly KeyValue[] }[] };

interface KeyValue {
  readonly key: string;
  readonly value: Readonly<Record<string, unknown>>;
}

/** An OTLP/HTTP collector on a real socket that reads the JSON by the proto3 mapping of OTLP and nothing else. */
export async function startTestCollector(): Promise<TestCollector> {
  const server = createServer((req, res) => {
    const parts: Buffer[] = [];
    req.on("data", (part: Buffer) => parts.push(part));
    req.on("end", () => {
      const whole = Buffer.concat(parts);
      const text = (req.headers["content-encoding"] === "gzip" ? gunzipSync(whole) : whole).toString("utf8");
      collector.requests.push({ path: req.url ?? "", headers: req.headers, text });
      if (collector.answer(collector.requests.length, res)) return;
      take(JSON.parse(text) as TracesRequest, collector);
      res.writeHead(200, { "content-type": "application/json" }).end("{}");
    });
  });
  await new Promise<void>((done) => server.listen(0, "127.0.0.1", done));
  const { port } = server.address() as AddressInfo;
  const collector: TestCollector = {
    url: `http://127.0.0.1:${port}`,
    requests: [],
    resources: [],
    spans: [],
    problems: [],
    answer: () => false,
    close: () =>
      new Promise<void>((done) => {
        server.closeAllConnections();
        server.close(() => done());
      }),
  };
  return collector;
}

/** Read member by member, as a stranger's decoder would. */
function take(body: TracesRequest, into: TestCollector): void {
  const must = (isSo: boolean, what: string): void => void (isSo || into.problems.push(what));
  must(Object.keys(body).join() === "resourceSpans", "the request's one field is resourceSpans");
  for (const { resource, scopeSpans, schemaUrl } of body.resourceSpans) {
    into.resources.push(attributesOf(resource.attributes, must));
    must(typeof schemaUrl === "string", "schemaUrl");
    for (const { scope, spans } of scopeSpans) {
      must(typeof scope.name === "string" && typeof scope.version === "string", "scope");
      for (const span of spans) {
        must(/^[0-9a-f]{32}$/.test(span.traceId), "traceId is 32 hex digits");
        must(/^[0-9a-f]{16}$/.test(span.spanId), "spanId is 16 hex digits");
        must(span.parentSpanId === undefined || /^[0-9a-f]{16}$/.test(span.parentSpanId), "parentSpanId is 16 hex digits or absent");
        must(Number.isInteger(span.kind) && span.kind >= 1 && span.kind <= 5, "kind is a number of the enum");
        must(Number.isInteger(span.flags), "flags is a 32-bit number");
        must(/^\d{19}$/.test(span.startTimeUnixNano) && /^\d{19}$/.test(span.endTimeUnixNano), "times are 64-bit counts of nanoseconds as text");
        must(BigInt(span.endTimeUnixNano) >= BigInt(span.startTimeUnixNano), "a span ends after it began");
        must([0, 1, 2].includes(span.status.code), "status.code is a number of the enum");
        into.spans.push({ ...span, attributes: attributesOf(span.attributes, must), events: (span.events ?? []).map((event) => ({ name: event.name, attributes: attributesOf(event.attributes, must) })) });
      }
    }
  }
}

function attributesOf(list: readonly KeyValue[], must: (isSo: boolean, what: string) => void): Record<string, unknown> {
  const read: Record<string, unknown> = {};
  for (const { key, value } of list) {
    must(read[key] === undefined, `${key} stands once`);
    read[key] = valueOf(value, must);
  }
  return read;
}

function valueOf(value: Readonly<Record<string, unknown>>, must: (isSo: boolean, what: string) => void): unknown {
  const [[kind, of]] = Object.entries(value) as [[string, unknown]];
  must(Object.keys(value).length === 1, "a value is of one kind");
  if (kind === "intValue") {
    must(typeof of === "string" && /^-?\d+$/.test(of), "intValue is text");
    return Number(of);
  }
  if (kind === "arrayValue") return (of as { values: Record<string, unknown>[] }).values.map((one) => valueOf(one, must));
  must((kind === "stringValue" && typeof of === "string") || (kind === "boolValue" && typeof of === "boolean") || (kind === "doubleValue" && typeof of === "number"), `${kind} holds its own kind`);
  return of;
}
