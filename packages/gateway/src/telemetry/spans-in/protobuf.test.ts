import { gunzipSync, gzipSync } from "node:zlib";
import fc from "fast-check";
import { afterEach, beforeEach, describe, expect, test } from "vitest";
import { testFacts, testModel, testSnapshot, testSystem } from "../../testing/facts.ts";
import { startTestGateway, type TestGateway } from "../../testing/gateway.ts";
import { protoFields, UnreadableProto } from "./proto-fields.ts";
import { protobufReply, readProtobufSpans } from "./protobuf.ts";
import { readSpans } from "./read-spans.ts";
import { recordedGzip, recordedPlain } from "./recorded.ts";

const traceId = "0af7651916cd43dd8448eb211c80319c";
const agent = "b7ad6b7169203331";
const startedMs = 1_800_000_000_000;

/** One length-delimited field. */
const field = (number: number, inner: Uint8Array): Uint8Array => {
  const length: number[] = [];
  for (let rest = inner.length; ; rest = Math.floor(rest / 128)) {
    if (rest < 128) {
      length.push(rest);
      break;
    }
    length.push((rest % 128) | 0x80);
  }
  return Buffer.concat([Buffer.from([(number << 3) | 2, ...length]), inner]);
};

describe("bytes that a real exporter sent", () => {
  test("are read as their JSON is: ids, times and names, in order", () => {
    const { spans, rejected } = readProtobufSpans(recordedPlain);
    expect(rejected).toBe(0);
    expect(spans.map(({ operation, spanId, parentSpanId, startedMs: at }) => [operation, spanId, parentSpanId, at])).toEqual([
      ["chat", "b7ad6b7169203332", agent, startedMs + 5],
      ["execute_tool", "b7ad6b7169203333", agent, startedMs + 10],
      ["invoke_agent", agent, null, startedMs],
    ]);
    expect(spans[0]).toMatchObject({ traceId, model: "gpt-9", address: "api.openai.com", endedMs: startedMs + 9, tool: null, decision: null });
    const asJson = { resourceSpans: [{ scopeSpans: [{ spans: [{ traceId, spanId: "b7ad6b7169203332", parentSpanId: agent, startTimeUnixNano: `${startedMs + 5}000000`, endTimeUnixNano: `${startedMs + 9}000000`, attributes: [["gen_ai.operation.name", "chat"], ["gen_ai.request.model", "gpt-9"], ["server.address", "api.openai.com"]].map(([key, stringValue]) => ({ key, value: { stringValue } })) }] }] }] };
    expect(spans[0]).toEqual(readSpans(asJson).spans[0]);
  });

  test("cut at any byte, or changed anywhere, they are read or refused, and nothing else happens", () => {
    const tried = (bytes: Uint8Array): void => {
      try {
        expect(readProtobufSpans(bytes).spans.length).toBeLessThanOrEqual(2_000);
      } catch (error) {
        expect(error).toBeInstanceOf(UnreadableProto);
      }
    };
    for (let length = 0; length < recordedPlain.length; length += 1) tried(recordedPlain.subarray(0, length));
    fc.assert(
      fc.property(fc.nat(recordedPlain.length - 1), fc.nat(255), (at, byte) => {
        const copy = Uint8Array.from(recordedPlain);
        copy[at] = byte;
        tried(copy);
      }),
      { numRuns: 400 },
    );
    fc.assert(fc.property(fc.uint8Array({ maxLength: 300 }), tried), { numRuns: 400 });
  });

  test("what no encoder writes is refused: a field without number, a group, a number without end, a length beyond its message, a text that is none", () => {
    const bad = [[0x02, 0x00], [0x0b], [0x0a, ...Array.from({ length: 11 }, () => 0xff)], [0x0a, 0x05, 0x00], [0x09, 0x00], [0x0d, 0x00]];
    for (const bytes of bad) expect(() => [...protoFields(Uint8Array.from(bytes))], String(bytes)).toThrow(UnreadableProto);
    const text = field(9, Buffer.concat([field(1, Buffer.from([0xff])), field(2, field(1, Buffer.from("x")))]));
    expect(() => readProtobufSpans(field(1, field(2, field(2, text))))).toThrow(UnreadableProto);
  });

  test("depth costs nothing: what is nested where no span stands is never opened", () => {
    let nested: Uint8Array = new Uint8Array();
    for (let depth = 0; depth < 2_000; depth += 1) nested = field(1, nested);
    expect(readProtobufSpans(nested).spans).toEqual([]);
  });
});

describe("at the gateway", () => {
  let gateway: TestGateway;
  beforeEach(async () => {
    gateway = await startTestGateway(testSnapshot(testFacts("http://127.0.0.1:9/v1", testSystem("T1"), { models: [testModel("http://127.0.0.1:9/v1")] })));
  });
  afterEach(() => gateway.close());
  const send = (body: Uint8Array, headers: Readonly<Record<string, string>> = {}) => gateway.call("/otlp/v1/traces", Buffer.from(body), { "content-type": "application/x-protobuf", ...headers });
  const kinds = (): string[] => gateway.control.findings.map(({ kind }) => kind);

  test.each([["plain", recordedPlain, {}], ["gzip", recordedGzip, { "content-encoding": "gzip" }]] as const)("%s: findings as from JSON, the spans kept by id and name, the answer in Protocol Buffers", async (_name, body, headers) => {
    const reply = await send(body, headers);
    expect([reply.status, reply.headers.get("content-type"), reply.text]).toEqual([200, "application/x-protobuf", ""]);
    expect(kinds()).toEqual(["telemetry.past_gateway", "telemetry.not_granted"]);
    expect(gateway.control.reported.map(({ span }) => [span.operation, span.model ?? span.tool, span.traceId])).toEqual([["chat", "gpt-9", traceId], ["execute_tool", "wire.transfer", traceId], ["invoke_agent", null, traceId]]);
    expect(gateway.evidence.entries, "its own word is no evidence").toEqual([]);
  });

  test("what unpacks beyond bounds, is no gzip, is compressed otherwise or is of another type is refused, and says what to do", async () => {
    const bomb = await send(gzipSync(Buffer.alloc(5 * 1024 * 1024)), { "content-encoding": "gzip" });
    expect([bomb.status, bomb.text]).toEqual([413, expect.stringContaining("fewer spans")]);
    expect((await send(recordedPlain, { "content-encoding": "gzip" })).status).toBe(400);
    expect((await send(recordedGzip.subarray(0, 200), { "content-encoding": "gzip" })).status).toBe(400);
    expect((await send(recordedPlain, { "content-encoding": "br" })).text).toContain("OTEL_EXPORTER_OTLP_COMPRESSION");
    expect((await send(recordedPlain, { "content-type": "application/grpc" })).text).toContain("http/protobuf");
    expect((await send(Buffer.alloc(4 * 1024 * 1024 + 1))).status).toBe(413);
    expect(gateway.control.reported).toEqual([]);
  });

  test("JSON may be packed too, and a batch too large says how many were left out", async () => {
    const json = gzipSync(Buffer.from(JSON.stringify({ resourceSpans: [] })));
    expect((await gateway.call("/otlp/v1/traces", json, { "content-type": "application/json", "content-encoding": "gzip" })).status).toBe(200);
    const one = field(2, field(5, Buffer.from("x")));
    const many = await send(field(1, field(2, Buffer.concat(Array.from({ length: 2_003 }, () => one)))));
    expect(many.status).toBe(200);
    const [reply] = [...protoFields(protobufReply(3, "more spans than one request may hold"))];
    expect(many.text).toBe(protobufReply(3, "more spans than one request may hold").toString("utf8"));
    expect([...protoFields(reply!.bytes!)].map(({ number }) => number)).toEqual([1, 2]);
  });

  test("a system can't fill the store: so many a minute are kept, and names that look like none are left out", async () => {
    const span = (spanId: string, attributes: Readonly<Record<string, string>>) => ({ traceId, spanId, startTimeUnixNano: "1800000000000000000", attributes: Object.entries(attributes).map(([key, stringValue]) => ({ key, value: { stringValue } })) });
    const batch = (from: number) => ({ resourceSpans: [{ scopeSpans: [{ spans: Array.from({ length: 2_000 }, (_, n) => span((from + n + 1).toString(16).padStart(16, "0"), { "gen_ai.operation.name": "invoke_agent", "gen_ai.tool.name": "ignore <b>all</b>" })) }] }] });
    for (let turn = 0; turn < 4; turn += 1) await gateway.call("/otlp/v1/traces", batch(turn * 2_000));
    expect(gateway.control.reported).toHaveLength(6_000);
    expect(gateway.control.reported[0]!.span.tool).toBeNull();
    gateway.clock.nowMs += 60_000;
    gateway.control.confirmed = gateway.clock.nowMs;
    await gateway.call("/otlp/v1/traces", batch(9_000));
    expect(gateway.control.reported).toHaveLength(8_000);
    await gateway.call("/otlp/v1/traces", { resourceSpans: [{ scopeSpans: [{ spans: [span("0".repeat(16), { "gen_ai.operation.name": "chat" }), span("1".repeat(16), {}), { ...span("2".repeat(16), { "gen_ai.operation.name": "chat" }), traceId: "g".repeat(32) }] }] }] });
    expect(gateway.control.reported, "without ids or operation there is nothing to show").toHaveLength(8_000);
  });
});

test("the recorded bodies say the same", () => {
  expect(gunzipSync(recordedGzip).equals(recordedPlain)).toBe(true);
});
