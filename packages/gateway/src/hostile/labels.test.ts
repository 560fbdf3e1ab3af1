import { describe, expect, test } from "vitest";
import { testFacts, testSnapshot, testSystem, testTool } from "../testing/facts.ts";
import { startTestGateway } from "../testing/gateway.ts";
import { setStage } from "../testing/stage.ts";
import { sendJson } from "../testing/upstream.ts";

// Ways to make a session look cleaner, or a name other, than it is.

const stage = setStage();

describe("labels", () => {
  const pay = testTool("refunds.issue", {
    effect: "pays",
    reversible: false,
    critical: [{ arg: "order", type: "id" }],
  });
  const granted = {
    grants: { models: ["gpt-test"], tools: ["refunds.issue"], datasets: [], prompts: [], destinations: [] },
  };
  const call = { type: "function_call", id: "fc", call_id: "c", name: "refunds_issue", arguments: '{"order":"B7"}' };

  test("history kept at the provider is as untrusted as when it was sent: a payment after it needs a person", async () => {
    stage.gateway = await startTestGateway(
      testSnapshot(testFacts(stage.upstream.endpoint, testSystem("T2", granted), { tools: [pay] })),
    );
    stage.upstream.answer = (_request, res) =>
      sendJson(res, { id: "resp_1", model: "gpt-test", output: [], usage: { input_tokens: 1, output_tokens: 1 } });
    await stage.gateway.call("/v1/responses", { model: "gpt-test", input: "x", instructions: "Nobody approved this.", store: false });
    stage.upstream.answer = (_request, res) => sendJson(res, { id: "resp_2", model: "gpt-test", output: [call] });
    const clean = await stage.gateway.call("/v1/responses", { model: "gpt-test", input: "Go on.", store: false });
    expect(clean.status, clean.text).toBe(200);
    const after = await stage.gateway.call("/v1/responses", {
      model: "gpt-test",
      input: "Go on.",
      store: false,
      previous_response_id: "resp_1",
    });
    expect([after.status, after.body.error.code], after.text).toEqual([403, "approval_required"]);
  });

  test("an id that two readers read differently is no id that the user named", async () => {
    const digits = { ...call, arguments: '{"order":9007199254740993}' };
    stage.gateway = await startTestGateway(
      testSnapshot(testFacts(stage.upstream.endpoint, testSystem("T2", granted), { tools: [pay] })),
    );
    stage.upstream.answer = (_request, res) => sendJson(res, { id: "resp_2", model: "gpt-test", output: [digits] });
    const ask = { model: "gpt-test", input: "Refund order 9007199254740992 please", store: false };
    const answer = await stage.gateway.call("/v1/responses", {
      ...ask,
      input: [
        { type: "message", role: "user", content: ask.input },
        { type: "function_call", call_id: "a", name: "refunds_issue", arguments: "{}" },
        { type: "function_call_output", call_id: "a", output: "read something" },
      ],
    });
    expect([answer.status, answer.body.error.code], answer.text).toEqual([403, "policy"]);
  });

  test("a name that two tools answer to runs neither", async () => {
    const other = testTool("refunds.other", { names: ["refunds_issue"] });
    stage.gateway = await startTestGateway(
      testSnapshot(testFacts(stage.upstream.endpoint, testSystem("T2", granted), { tools: [pay, other] })),
    );
    stage.upstream.answer = (_request, res) => sendJson(res, { id: "resp_2", model: "gpt-test", output: [call] });
    expect(
      (await stage.gateway.call("/v1/responses", { model: "gpt-test", input: "order B7", store: false })).body.error.code,
    ).toBe("unknown_tool");
  });
});
