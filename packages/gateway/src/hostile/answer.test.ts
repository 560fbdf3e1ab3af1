import { describe, expect, test } from "vitest";
import { testFacts, testSnapshot, testSystem, testTool } from "../testing/facts.ts";
import { startTestGateway } from "../testing/gateway.ts";
import { hello, setStage, streaming } from "../testing/stage.ts";
import { chatAnswer, chatStream, sendJson } from "../testing/upstream.ts";

// What an upstream answers.

const stage = setStage();

describe("the answer", () => {
  test("from a model that is not on the accepted list: T0 passes with a finding, T2 is refused", async () => {
    stage.upstream.answer = (_request, res) => sendJson(res, chatAnswer("x", {}, "gpt-other"));
    await stage.start("T0");
    expect((await stage.gateway.call("/v1/chat/completions", hello)).status).toBe(200);
    expect(stage.gateway.control.findings.map((finding) => finding.kind)).toEqual(["unlisted_served_model"]);
    stage.gateway.clock.nowMs += 15 * 86_400_000;
    stage.gateway.control.confirmed = stage.gateway.clock.nowMs;
    await stage.gateway.close();
    await stage.start("T2");
    const answer = await stage.gateway.call("/v1/chat/completions", hello);
    expect([answer.status, answer.body.error.code, answer.body.error.param]).toEqual([
      403,
      "reassessment_required",
      "served:gpt-other",
    ]);
  });

  test("a tool call that stands only in the final summary of a stream is decided too", async () => {
    await stage.start();
    const call = { type: "function_call", id: "fc", call_id: "c", name: "wipe", arguments: "{}" };
    const events = [
      { type: "response.created", response: { id: "r", model: "gpt-test", output: [] } },
      { type: "response.completed", response: { id: "r", model: "gpt-test", output: [call] } },
    ];
    stage.upstream.answer = (_request, res) =>
      res
        .writeHead(200, { "content-type": "text/event-stream" })
        .end(events.map((event) => `event: ${event.type}\ndata: ${JSON.stringify(event)}\n\n`).join(""));
    const answer = await stage.gateway.call("/v1/responses", { model: "gpt-test", input: "x", stream: true });
    expect(answer.text).toContain("unknown_tool");
    expect(answer.text).not.toContain('wipe","arguments');
  });

  test("a second name in a later delta can't hide behind the first", async () => {
    const facts = testFacts(
      stage.upstream.endpoint,
      testSystem("T0", {
        grants: { models: ["gpt-test"], tools: ["orders.lookup"], datasets: [], prompts: [], destinations: [] },
      }),
      { tools: [testTool("orders.lookup")] },
    );
    stage.gateway = await startTestGateway(testSnapshot(facts));
    const delta = (name: string) => ({
      tool_calls: [{ index: 0, id: "c", type: "function", function: { name, arguments: "" } }],
    });
    stage.upstream.answer = (_request, res) =>
      res
        .writeHead(200, { "content-type": "text/event-stream" })
        .end(chatStream([delta("orders_lookup"), delta("wipe_disk")], "tool_calls"));
    expect((await stage.gateway.call("/v1/chat/completions", streaming)).text).toContain("unknown_tool");
  });

  test("compressed answers are withheld", async () => {
    await stage.start();
    stage.upstream.answer = (_request, res) =>
      res.writeHead(200, { "content-type": "application/json", "content-encoding": "gzip" }).end("x");
    expect((await stage.gateway.call("/v1/chat/completions", hello)).status).toBe(502);
  });

  test("one larger than the limit is given up", async () => {
    await stage.start("T0", { limits: { maxAnswerBytes: 500 } });
    stage.upstream.answer = (_request, res) => sendJson(res, chatAnswer("x".repeat(1000)));
    expect((await stage.gateway.call("/v1/chat/completions", hello)).status).toBe(502);
    expect(stage.gateway.evidence.terminals()).toEqual(["upstream_cut"]);
  });
});
