import { afterEach, beforeEach, describe, expect, test } from "vitest";
import { testFacts, testModel, testNowMs, testSnapshot, testSystem, testTool } from "../testing/facts.ts";
import { startTestCollector, type TestCollector } from "../testing/collector.ts";
import { startTestGateway, type TestGateway } from "../testing/gateway.ts";
import { sendJson, startTestUpstream, type TestUpstream, chatAnswer } from "../testing/upstream.ts";
import { startTelemetry, type Telemetry } from "./index.ts";
import { spanIdOf } from "./trace-context.ts";

const trace = "4bf92f3577b34da6a3ce929d0e0e4736";
const parent = "00f067aa0ba902b7";
const traceparent = `00-${trace}-${parent}-01`;
const canary = "canary-6f1d";
const chat = (content: string, model = "gpt-test") => ({ model, messages: [{ role: "user", content }] });

describe("spans of the gateway", () => {
  let collector: TestCollector;
  let upstream: TestUpstream;
  let gateway: TestGateway;
  let telemetry: Telemetry;

  beforeEach(async () => {
    collector = await startTestCollector();
    upstream = await startTestUpstream();
    telemetry = startTelemetry({ env: { OTEL_EXPORTER_OTLP_ENDPOINT: collector.url }, version: "1", instance: "gw-test", log: { warn: () => undefined, error: () => undefined }, now: () => testNowMs + 5 });
    const system = testSystem("T1", { grants: { models: ["gpt-test"], tools: ["orders.read"], datasets: [], prompts: [], destinations: [] } });
    gateway = await startTestGateway(testSnapshot(testFacts(upstream.endpoint, system, { models: [testModel(upstream.endpoint, { vendor: "Mistral AI" })], tools: [testTool("orders.read")] })), { telemetry });
  });
  afterEach(async () => {
    await gateway.close();
    await telemetry.close();
    await upstream.close();
    await collector.close();
  });

  test("a model call is a span of the caller's trace by the GenAI conventions, with its decision, and the upstream is its child", async () => {
    const reply = await gateway.call("/v1/chat/completions", chat("Hello"), { traceparent, tracestate: `x=${canary}`, baggage: `secret=${canary}` });
    const id = reply.headers.get("x-mandate-decision")!;
    await telemetry.flush();
    expect(collector.problems).toEqual([]);
    expect(collector.spans).toHaveLength(1);
    expect(collector.spans[0]).toMatchObject({ traceId: trace, parentSpanId: parent, spanId: spanIdOf(id), name: "chat gpt-test", kind: 3, status: { code: 0 } });
    expect(collector.spans[0]!.attributes).toMatchObject({
      "gen_ai.operation.name": "chat", "gen_ai.provider.name": "mistral_ai", "gen_ai.request.model": "gpt-test", "gen_ai.response.model": "gpt-test", "gen_ai.usage.input_tokens": 9, "gen_ai.usage.output_tokens": 4,
      "mandate.decision.id": id, "mandate.outcome": "allow", "mandate.system": "notes", "mandate.tier": "T1", "mandate.terminal": "done", "mandate.surface": "openai-chat", "server.address": "127.0.0.1",
    });
    expect(upstream.seen[0]!.headers.traceparent).toBe(`00-${trace}-${spanIdOf(id)}-01`);
    expect(upstream.seen[0]!.headers).not.toHaveProperty("tracestate");
    expect(upstream.seen[0]!.headers).not.toHaveProperty("baggage");
    // The index finds the decision by the trace; the journal's sealed part knows nothing of spans.
    expect(gateway.evidence.of("call.intent")[0]!.trace!.context).toMatchObject({ traceId: trace, fromCaller: true });
  });

  test("no prompt, no answer and no name that a caller made up is ever in a span", async () => {
    upstream.answer = (_request, res) => sendJson(res, chatAnswer(`Answer ${canary}`));
    await gateway.call("/v1/chat/completions", chat(`Prompt ${canary}`));
    const denied = await gateway.call("/v1/chat/completions", chat("Hello", `sk-${canary}`));
    expect(denied.status).toBe(403);
    const tool = await gateway.call("/access/v1/evaluation", { subject: { type: "system", id: "notes" }, action: { name: "tool.call" }, resource: { type: "tool", id: `tool-${canary}` }, context: { input: { to: canary } } });
    expect(tool.body.decision).toBe(false);
    await gateway.call("/access/v1/evaluation", { subject: { type: "robot", id: canary }, action: { name: canary }, resource: { type: "door", id: canary } });
    await telemetry.flush();
    expect(collector.spans.slice(0, 3).map((one) => one.attributes["mandate.outcome"])).toEqual(["allow", "deny", "deny"]);
    expect(collector.requests.map((one) => one.text).join()).not.toContain(canary);
  });

  test("a refusal is an error by its code, with the rules that matched", async () => {
    const reply = await gateway.call("/access/v1/evaluation", { subject: { type: "system", id: "notes" }, action: { name: "tool.call" }, resource: { type: "tool", id: "orders.read" }, context: {} }, { traceparent });
    await telemetry.flush();
    const [span] = collector.spans;
    expect(span).toMatchObject({ name: "execute_tool orders.read", kind: 1, traceId: trace, attributes: { "gen_ai.operation.name": "execute_tool", "gen_ai.tool.name": "orders.read", "mandate.decision.id": reply.body.context.decision_id, "mandate.outcome": reply.body.context.outcome } });
    const refused = await gateway.call("/v1/chat/completions", chat("Hello", "no-such"));
    await telemetry.flush();
    expect(refused.body.error.code).toBe("not_granted");
    expect(collector.spans.at(-1)).toMatchObject({ name: "chat", status: { code: 2, message: "not_granted" }, attributes: { "error.type": "not_granted", "mandate.code": "not_granted" } });
  });

  test("each question of a batch is a span of its own", async () => {
    const one = { subject: { type: "system", id: "notes" }, action: { name: "tool.call" }, resource: { type: "tool", id: "orders.read" }, context: {} };
    await gateway.call("/access/v1/evaluations", { evaluations: [one, one, one] }, { traceparent });
    await telemetry.flush();
    expect(new Set(collector.spans.map((span) => span.spanId)).size).toBe(3);
    expect(collector.spans.every((span) => span.parentSpanId === parent)).toBe(true);
  });

  test("a caller who samples nothing out gets no span, and its flag goes on", async () => {
    await gateway.call("/v1/chat/completions", chat("Hello"), { traceparent: `00-${trace}-${parent}-00` });
    await telemetry.flush();
    expect(collector.spans).toEqual([]);
    expect(upstream.seen[0]!.headers.traceparent).toMatch(/-00$/);
  });

  test("a trace that nobody named begins at the gateway and is not indexed", async () => {
    await gateway.call("/v1/chat/completions", chat("Hello"), { traceparent: "00-nonsense" });
    await telemetry.flush();
    expect(collector.spans[0]).not.toHaveProperty("parentSpanId");
    expect(gateway.evidence.of("call.intent")[0]!.trace!.context.fromCaller).toBe(false);
  });

  test("a call that could not be recorded says so, and a collector that is away changes no answer", async () => {
    gateway.evidence.failing = true;
    expect((await gateway.call("/v1/chat/completions", chat("Hello"))).status).toBe(503);
    gateway.evidence.failing = false;
    await telemetry.flush();
    expect(collector.spans).toMatchObject([{ status: { code: 2, message: "evidence_unavailable" } }]);
    await collector.close();
    expect((await gateway.call("/v1/chat/completions", chat("Hello"))).status).toBe(200);
  });
});

test("without an exporter a caller's trace goes upstream as it came, and none is invented", async () => {
  const upstream = await startTestUpstream();
  const gateway = await startTestGateway(testSnapshot(testFacts(upstream.endpoint, testSystem("T1"))));
  await gateway.call("/v1/chat/completions", chat("Hello"), { traceparent });
  await gateway.call("/v1/chat/completions", chat("Hello"));
  expect(upstream.seen.map((one) => one.headers.traceparent)).toEqual([traceparent, undefined]);
  await gateway.close();
  await upstream.close();
});
