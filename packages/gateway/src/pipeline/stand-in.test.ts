import { afterEach, beforeEach, describe, expect, test } from "vitest";
import type { ModelFacts } from "@mandate/model";
import { testFacts, testModel, testSnapshot, testSystem } from "../testing/facts.ts";
import { startTestGateway, type TestGateway } from "../testing/gateway.ts";
import { chatAnswer, chatStream, sendJson, sendSse, startTestUpstream, type TestUpstream } from "../testing/upstream.ts";

let primary: TestUpstream;
let other: TestUpstream;
let gateway: TestGateway;

beforeEach(async () => {
  [primary, other] = await Promise.all([startTestUpstream(), startTestUpstream()]);
  primary.answer = (_request, res) => sendJson(res, { error: { message: "busy" } }, 503);
  other.answer = (_request, res) => sendJson(res, chatAnswer("From the other.", {}, "other-1"));
});
afterEach(async () => {
  await gateway?.close();
  await Promise.all([primary.close(), other.close()]);
});

async function start(granted = ["gpt-test", "other"], changes: Partial<ModelFacts> = {}, first: Partial<ModelFacts> = {}): Promise<void> {
  const grants = { models: granted, tools: [], datasets: [], prompts: [], destinations: [] };
  const models = [
    testModel(primary.endpoint, { fallbacks: ["other"], ...first }),
    testModel(other.endpoint, { name: "other", upstream: "other-1", served: ["other-1"], ...changes }),
  ];
  gateway = await startTestGateway(testSnapshot(testFacts(primary.endpoint, testSystem("T2", { grants }), { models })));
}

const hello = { model: "gpt-test", messages: [{ role: "user", content: "Say hello." }] };
const ask = (body: object = hello) => gateway.call("/v1/chat/completions", body);

describe("a model that can't answer", () => {
  const failures: [string, () => void][] = [
    ["503", () => undefined],
    ["429", () => (primary.answer = (_request, res) => sendJson(res, {}, 429))],
    ["529", () => (primary.answer = (_request, res) => sendJson(res, {}, 529))],
    ["a closed connection", () => (primary.answer = (_request, res) => void res.destroy())],
  ];
  for (const [what, fail] of failures)
    test(`${what}: the fallback its register entry names answers, as a call with a decision and a record of its own`, async () => {
      await start();
      fail();
      const answer = await ask();
      expect(answer.status, answer.text).toBe(200);
      expect(answer.body.choices[0].message.content).toBe("From the other.");
      expect((JSON.parse(other.seen[0]!.body.toString()) as { model: string }).model).toBe("other-1");
      const [first, second] = gateway.evidence.of("call.intent");
      expect(first!.decisionId).not.toBe(second!.decisionId);
      expect(answer.headers.get("x-mandate-decision")).toBe(second!.decisionId);
      expect(second!.payload).toMatchObject({
        resource: "model:other",
        insteadOf: { model: "gpt-test", decision: first!.decisionId },
      });
      expect(second!.context).toMatchObject({ request: { resource: { type: "model", id: "other" } } });
      expect(gateway.evidence.terminals()).toEqual(["upstream_cut", "done"]);
    });

  test("a stream falls back too, as long as nothing of it has left", async () => {
    await start();
    other.answer = (_request, res) => sendSse(res, chatStream([{ content: "Hello." }], "stop", "other-1"));
    expect((await ask({ ...hello, stream: true })).text).toBe(chatStream([{ content: "Hello." }], "stop", "other-1"));
    primary.answer = (_request, res) => {
      res.writeHead(200, { "content-type": "text/event-stream" }).write(chatStream([{ content: "a" }]).split("data: [DONE]")[0]!.slice(0, -60));
      setTimeout(() => res.destroy(), 20);
    };
    expect((await ask({ ...hello, stream: true })).text).toContain("upstream_unreachable");
    expect(other.seen).toHaveLength(1);
  });

  const closed: [string, () => Promise<void>, object][] = [
    ["was not granted to this system", () => start(["gpt-test"]), hello],
    ["takes data to another region", () => start(undefined, { region: "US" }), hello],
    ["speaks another wire", () => start(undefined, { protocol: "anthropic" }), hello],
    ["is stopped", () => start(undefined, { stopped: true }), hello],
    ["nobody named", () => start(undefined, {}, { fallbacks: [] }), hello],
    ["names itself", () => start(undefined, {}, { fallbacks: ["gpt-test"] }), hello],
  ];
  for (const [what, begin, body] of closed)
    test(`a fallback that ${what} gets nothing: the first one's failure is the answer`, async () => {
      await begin();
      const answer = await ask(body);
      expect([answer.status, answer.body.error.code], answer.text).toEqual([502, "upstream_unreachable"]);
      expect(other.connections).toBe(0);
      expect(gateway.evidence.terminals()).toEqual(["upstream_cut"]);
    });

  test("the call's deadline is one, however many models were asked by then", async () => {
    await start();
    primary.answer = (_request, res) => {
      // An hour passes while it thinks.
      gateway.clock.nowMs += 3_600_000;
      gateway.control.confirmed = gateway.clock.nowMs;
      sendJson(res, {}, 500);
    };
    const answer = await ask();
    expect([answer.status, answer.body.error.code]).toEqual([504, "upstream_timeout"]);
    expect(other.connections).toBe(0);
  });

  test("when all fail the caller reads the last failure, and each attempt is on record", async () => {
    await start();
    other.answer = (_request, res) => sendJson(res, {}, 500);
    const answer = await ask();
    expect([answer.status, answer.body.error.param]).toEqual([502, "upstream:500"]);
    expect(gateway.evidence.terminals()).toEqual(["upstream_cut", "upstream_cut"]);
  });

  test("what the model refused, or answered, is nobody else's to answer", async () => {
    await start();
    for (const status of [400, 401, 404]) {
      primary.answer = (_request, res) => sendJson(res, { error: { message: "no" } }, status);
      await ask();
    }
    primary.answer = (_request, res) => sendJson(res, chatAnswer("x", {}, "unlisted-model"));
    expect((await ask()).body.error.code).toBe("reassessment_required");
    expect(other.connections).toBe(0);
  });

  test("a limit counts each attempt, and refuses the one that would pass it", async () => {
    const grants = { models: ["gpt-test", "other"], tools: [], datasets: [], prompts: [], destinations: [] };
    const system = testSystem("T0", { grants });
    const models = [
      testModel(primary.endpoint, { fallbacks: ["other"] }),
      testModel(other.endpoint, { name: "other", upstream: "other-1", served: ["other-1"] }),
    ];
    gateway = await startTestGateway(
      testSnapshot(testFacts(primary.endpoint, { ...system, limits: { ...system.limits, callsPerDay: 1 } }, { models })),
    );
    const answer = await ask();
    expect([answer.status, answer.body.error.code]).toEqual([429, "budget"]);
    expect(other.connections).toBe(0);
  });
});
