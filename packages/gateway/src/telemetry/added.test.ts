import { afterEach, beforeEach, describe, expect, test } from "vitest";
import { probePrefix } from "@mandate/model";
import { testCredential, testFacts, testKey, testSnapshot, testSystem } from "../testing/facts.ts";
import { startTestGateway, type TestGateway } from "../testing/gateway.ts";
import { hello, streaming } from "../testing/stage.ts";
import { chatAnswer, chatStream, sendJson, startTestUpstream, type TestUpstream } from "../testing/upstream.ts";

/** Each look at the clock costs a millisecond, and each wait for somebody else what the test says. */
const clock = { atMs: 0 };
let upstream: TestUpstream;
let gateway: TestGateway;

const start = async (credentials = [testCredential()]): Promise<void> => {
  gateway = await startTestGateway(testSnapshot(testFacts(upstream.endpoint, testSystem("T0")), { credentials }), { elapsed: () => (clock.atMs += 1) });
};
const added = (kind: string) => gateway.gateway.added.totals().find((one) => one.kind === kind)!;
const calls = (kind: string) => added(kind).counts.reduce((sum, count) => sum + count, 0);
const waits = 1_000_000;

beforeEach(async () => {
  upstream = await startTestUpstream();
});
afterEach(async () => {
  await gateway.close();
  await upstream.close();
});

describe("latency that Mandate adds", () => {
  test("a model's own time is none of it, whole or streamed", async () => {
    await start();
    upstream.answer = (_request, res) => {
      clock.atMs += waits;
      sendJson(res, chatAnswer("Hello."));
    };
    expect((await gateway.call("/v1/chat/completions", hello)).status).toBe(200);
    upstream.answer = (_request, res) => {
      clock.atMs += waits;
      res.writeHead(200, { "content-type": "text/event-stream" });
      const events = chatStream([{ content: "one" }, { content: "two" }]).split(/(?<=\n\n)/);
      for (const event of events) res.write(event);
      setImmediate(() => {
        clock.atMs += waits;
        res.end();
      });
    };
    expect((await gateway.call("/v1/chat/completions", streaming)).status).toBe(200);
    expect(calls("model")).toBe(2);
    expect(added("model").sumMs).toBeGreaterThan(1);
    expect(added("model").sumMs).toBeLessThan(waits / 100);
  });

  test("a wait for evidence is: durable before effect is what Mandate is for", async () => {
    await start();
    let release = (): void => undefined;
    gateway.evidence.gate = new Promise((done) => (release = done));
    const running = gateway.call("/v1/chat/completions", hello);
    await expect.poll(() => gateway.gateway.counts().inFlight).toBe(1);
    // Until the intent waits, so that what passes now is the journal's.
    await expect.poll(() => gateway.evidence.waiting).toBe(1);
    clock.atMs += waits;
    release();
    expect((await running).status).toBe(200);
    expect(added("model").sumMs).toBeGreaterThan(waits);
  });

  test("what never went upstream is no call of it, nor is a probe; a decision of the decision API is", async () => {
    await start([testCredential(), testCredential({ id: `${probePrefix}open`, system: "notes" }, "probe-key")]);
    expect((await gateway.call("/v1/chat/completions", { ...hello, model: "nobody-registered" })).status).toBe(403);
    expect((await gateway.call("/v1/chat/completions", hello, { authorization: "Bearer nobody" })).status).toBe(401);
    expect(calls("model")).toBe(0);
    const question = { subject: { type: "system", id: "notes" }, action: { name: "model.call" }, resource: { type: "model", id: "gpt-test" } };
    expect((await gateway.call("/access/v1/evaluation", question, { authorization: "Bearer probe-key" })).status).toBe(200);
    expect(calls("decision")).toBe(0);
    expect((await gateway.call("/access/v1/evaluation", question, { authorization: `Bearer ${testKey}` })).status).toBe(200);
    expect(calls("decision")).toBe(1);
  });
});
