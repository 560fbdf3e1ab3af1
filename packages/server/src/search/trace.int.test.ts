import { randomFillSync } from "node:crypto";
import { afterAll, beforeAll, expect, test } from "vitest";
import { payoutQuestions, payoutsManifest, startPayouts } from "../testing/payouts.ts";
import type { TestServer } from "../testing/running-server.ts";

const trace = "4bf92f3577b34da6a3ce929d0e0e4736";
const other = "4bf92f3577b34da6a3ce929d0e0e4737";
let running: TestServer;
let key = "";

beforeAll(async () => {
  ({ running, key } = await startPayouts(payoutsManifest(), randomFillSync(new Uint8Array(32))));
}, 60_000);
afterAll(() => running?.close());

const post = async (path: string, body: unknown, headers: Readonly<Record<string, string>> = {}) => {
  const response = await fetch(`${running.gatewayUrl}${path}`, { method: "POST", headers: { authorization: `Bearer ${key}`, "content-type": "application/json", ...headers }, body: JSON.stringify(body) });
  return { status: response.status, body: (await response.json()) as { context?: { decision_id?: string } } };
};
/** One payout asked for in a trace, and in a conversation if one is named. @returns the decision's id */
const pay = async (amount: number, traceId: string | null, session?: string): Promise<string> => {
  const { status, body } = await post("/access/v1/evaluation", payoutQuestions([amount])[0], { ...(traceId === null ? {} : { traceparent: `00-${traceId}-00f067aa0ba902b7-01` }), ...(session === undefined ? {} : { "x-mandate-session": session }) });
  expect(status).toBe(200);
  return body.context!.decision_id!;
};
const span = (traceId: string, spanId: string, attributes: Readonly<Record<string, string>>) => ({ traceId, spanId, parentSpanId: "00f067aa0ba902b7", startTimeUnixNano: `${running.now()}000000`, endTimeUnixNano: `${running.now() + 5}000000`, attributes: Object.entries(attributes).map(([name, stringValue]) => ({ key: name, value: { stringValue } })) });
const report = async (...spans: readonly unknown[]): Promise<void> => expect((await post("/otlp/v1/traces", { resourceSpans: [{ scopeSpans: [{ spans }] }] })).status).toBe(200);
const get = async (path: string) => {
  const reply = await running.request("GET", path);
  expect(reply.status, reply.text).toBe(200);
  return reply.body;
};
const found = async (query: string): Promise<string[]> => (await get(`/api/v1/decisions?${query}`)).items.map((one: { id: string }) => one.id);

test("decisions are found by the trace that their caller named, alone and beside other filters", async () => {
  const ids = [await pay(10, trace), await pay(900, trace), await pay(10, other), await pay(10, null)];
  expect(await found(`trace=${trace}`)).toEqual([ids[1], ids[0]]);
  expect(await found(`trace=${trace}&outcome=hold`)).toEqual([ids[1]]);
  expect(await found(`q=trace:${other}`)).toEqual([ids[2]]);
  expect(await found(`trace=${trace}&class=health`)).toEqual([]);
  expect(await found(`trace=${"0".repeat(31)}1`)).toEqual([]);
  const page = await get(`/api/v1/decisions?trace=${trace}&limit=1`);
  expect(await found(`trace=${trace}&limit=1&cursor=${encodeURIComponent(page.nextCursor)}`)).toEqual([ids[0]]);
  expect((await running.request("GET", "/api/v1/decisions?trace=nonsense")).status).toBe(400);
});

test("a conversation's timeline shows what its application reports of itself in the same trace, and nothing of any other", async () => {
  const id = await pay(10, trace, "desk-1");
  const { session } = await get(`/api/v1/decisions/${id}`);
  expect(session).toEqual(expect.any(String));
  await report(
    span(trace, "1".repeat(16), { "gen_ai.operation.name": "execute_tool", "gen_ai.tool.name": "payouts.send", "mandate.decision.id": id, prompt: "the customer said" }),
    span(other, "2".repeat(16), { "gen_ai.operation.name": "chat", "gen_ai.request.model": "local" }),
  );
  await report(span(trace, "1".repeat(16), { "gen_ai.operation.name": "chat", "gen_ai.request.model": "rewritten" }));
  const timeline = await get(`/api/v1/sessions/${encodeURIComponent(session)}`);
  expect(timeline.steps.find((one: { decision: { id: string } }) => one.decision.id === id).trace).toBe(trace);
  expect(timeline.spans).toEqual([{ system: "payouts", trace, span: "1".repeat(16), parent: "00f067aa0ba902b7", operation: "execute_tool", model: null, tool: "payouts.send", address: null, decision: id, started: expect.any(String), ended: expect.any(String) }]);
  expect(timeline.spansTruncated).toBe(false);
  expect(JSON.stringify(timeline)).not.toContain("the customer said");
});

test("a week later the spans are gone, and the decisions are still found by their trace", async () => {
  const id = await pay(10, other, "desk-2");
  await report(span(other, "3".repeat(16), { "gen_ai.operation.name": "chat" }));
  const { session } = await get(`/api/v1/decisions/${id}`);
  expect((await get(`/api/v1/sessions/${encodeURIComponent(session)}`)).spans).not.toEqual([]);
  running.advance(8 * 86_400_000);
  await running.server.jobs.runAll();
  expect((await get(`/api/v1/sessions/${encodeURIComponent(session)}`)).spans).toEqual([]);
  expect(await found(`trace=${other}&limit=1`)).toEqual([id]);
});
