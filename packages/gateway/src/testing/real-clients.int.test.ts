import Anthropic from "@anthropic-ai/sdk";
import { createOpenAICompatible } from "@ai-sdk/openai-compatible";
import { ChatOpenAI } from "@langchain/openai";
import { generateText, streamText } from "ai";
import { ApiError, GoogleGenAI } from "@google/genai";
import OpenAI from "openai";
import type { ServerResponse } from "node:http";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { invokeStream } from "./fake-bedrock.ts";
import { testFacts, testKey, testModel, testSnapshot, testSystem } from "./facts.ts";
import { startTestGateway, type TestGateway } from "./gateway.ts";
import {
  chatAnswer,
  chatStream,
  chatToolAnswer,
  sendJson,
  sendSse,
  startTestUpstream,
  type TestUpstream,
} from "./upstream.ts";

let upstream: TestUpstream;
let gateway: TestGateway;
const question = [{ role: "user" as const, content: "Say hello." }];

const anthropicEvents = [
  {
    type: "message_start",
    message: {
      id: "msg_1",
      type: "message",
      role: "assistant",
      model: "claude-test",
      content: [],
      stop_reason: null,
      stop_sequence: null,
      usage: { input_tokens: 3, output_tokens: 1 },
    },
  },
  { type: "content_block_start", index: 0, content_block: { type: "text", text: "" } },
  { type: "content_block_delta", index: 0, delta: { type: "text_delta", text: "Hello." } },
  { type: "content_block_stop", index: 0 },
  { type: "message_delta", delta: { stop_reason: "end_turn", stop_sequence: null }, usage: { output_tokens: 4 } },
  { type: "message_stop" },
];

function answerGemini(path: string, tool: boolean, res: ServerResponse): void {
  if (path.endsWith(":countTokens")) return sendJson(res, { totalTokens: 11 });
  const chunk = (parts: readonly unknown[], finishReason?: string) => ({
    candidates: [{ content: { role: "model", parts }, finishReason, index: 0 }],
    usageMetadata: { promptTokenCount: 3, candidatesTokenCount: 4 },
    modelVersion: "gemini-test",
  });
  const parts = tool ? [{ functionCall: { name: "wipe_disk", args: {} } }] : [{ text: "Hello." }];
  if (!path.includes("stream")) return sendJson(res, chunk(parts, "STOP"));
  sendSse(
    res,
    [chunk([{ text: "" }]), chunk(parts), chunk([], "STOP")]
      .map((one) => `data: ${JSON.stringify(one)}\r\n\r\n`)
      .join(""),
  );
}

beforeAll(async () => {
  upstream = await startTestUpstream();
  const system = testSystem("T1");
  const facts = testFacts(upstream.endpoint, {
    ...system,
    grants: { ...system.grants, models: [...system.grants.models, "gemini-test", "claude-bedrock"] },
  });
  const gemini = testModel(upstream.endpoint.replace("/v1", "/v1beta"), {
    name: "gemini-test",
    protocol: "gemini",
    upstream: "gemini-test",
    served: ["gemini-test"],
  });
  const bedrock = testModel(upstream.endpoint, { name: "claude-bedrock", protocol: "bedrock", upstream: "anthropic.claude-test", served: ["claude-test"] });
  gateway = await startTestGateway(testSnapshot({ ...facts, models: [...facts.models, gemini, bedrock] }));
  upstream.answer = ({ path, body }, res) => {
    const streamed =
      (JSON.parse(body.toString()) as { stream?: boolean; messages?: { content: unknown }[] }).stream === true;
    if (path.endsWith("/invoke-with-response-stream"))
      return void res
        .writeHead(200, { "content-type": "application/vnd.amazon.eventstream" })
        .end(invokeStream(anthropicEvents));
    if (path.startsWith("/v1beta/")) return answerGemini(path, body.includes("use the tool"), res);
    if (path.endsWith("/count_tokens")) return sendJson(res, { input_tokens: 11 });
    if (path.endsWith("/messages")) {
      if (streamed)
        return sendSse(
          res,
          anthropicEvents.map((event) => `event: ${event.type}\ndata: ${JSON.stringify(event)}\n\n`).join(""),
        );
      return sendJson(res, {
        id: "msg_1",
        type: "message",
        role: "assistant",
        model: "claude-test",
        content: [{ type: "text", text: "Hello." }],
        stop_reason: "end_turn",
        stop_sequence: null,
        usage: { input_tokens: 3, output_tokens: 4 },
      });
    }
    if (path.endsWith("/embeddings"))
      return sendJson(res, {
        object: "list",
        model: "gpt-test",
        data: [{ object: "embedding", index: 0, embedding: [0.1, 0.2] }],
        usage: { prompt_tokens: 2, total_tokens: 2 },
      });
    if (body.includes("use the tool"))
      return streamed
        ? sendSse(
            res,
            chatStream(
              [
                {
                  tool_calls: [
                    { index: 0, id: "c", type: "function", function: { name: "wipe_disk", arguments: "{}" } },
                  ],
                },
              ],
              "tool_calls",
            ),
          )
        : sendJson(res, chatToolAnswer("wipe_disk", {}));
    return streamed
      ? sendSse(res, chatStream([{ role: "assistant", content: "" }, { content: "Hel" }, { content: "lo." }]))
      : sendJson(res, chatAnswer("Hello."));
  };
});
afterAll(async () => {
  await gateway?.close();
  await upstream?.close();
});

function counted() {
  const calls: string[] = [];
  const counting: typeof fetch = (input, init) => {
    calls.push(String(input instanceof Request ? input.url : input));
    return fetch(input, init);
  };
  return { calls, fetch: counting };
}

describe("unmodified clients", () => {
  test("openai: answers, streams, lists, embeds, and does not retry a denial", async () => {
    const counter = counted();
    const client = new OpenAI({ baseURL: `${gateway.url}/v1`, apiKey: testKey, fetch: counter.fetch });
    expect(
      (await client.chat.completions.create({ model: "gpt-test", messages: question })).choices[0]!.message.content,
    ).toBe("Hello.");
    let text = "";
    for await (const chunk of await client.chat.completions.create({
      model: "gpt-test",
      messages: question,
      stream: true,
    }))
      text += chunk.choices[0]?.delta.content ?? "";
    expect(text).toBe("Hello.");
    expect((await client.models.list()).data.map((model) => model.id)).toEqual(["gpt-test", "claude-test", "gemini-test", "claude-bedrock"]);
    expect(
      (await client.embeddings.create({ model: "gpt-test", input: "x", encoding_format: "float" })).data[0]!.embedding,
    ).toEqual([0.1, 0.2]);
    counter.calls.length = 0;
    const refused = await client.chat.completions
      .create({ model: "gpt-none", messages: question })
      .catch((error: unknown) => error);
    expect(refused).toBeInstanceOf(OpenAI.PermissionDeniedError);
    expect(refused).toMatchObject({
      code: "not_granted",
      type: "policy_denied",
      requestID: expect.stringMatching(/^req_/),
    });
    expect((refused as Error).message).toMatch(/gpt-none/);
    expect(counter.calls).toHaveLength(1);
  });

  test("openai: a refused tool call ends the stream as an APIError that names the rule", async () => {
    const client = new OpenAI({ baseURL: `${gateway.url}/v1`, apiKey: testKey });
    const read = async () => {
      for await (const chunk of await client.chat.completions.create({
        model: "gpt-test",
        messages: [{ role: "user", content: "use the tool" }],
        stream: true,
      }))
        expect(chunk.choices[0]?.delta.tool_calls).toBeUndefined();
    };
    await expect(read()).rejects.toMatchObject({ code: "unknown_tool" });
  });

  test("@anthropic-ai/sdk: answers, streams, counts, lists, and does not retry a denial", async () => {
    const counter = counted();
    const client = new Anthropic({ baseURL: gateway.url, apiKey: testKey, fetch: counter.fetch });
    const message = { model: "claude-test", max_tokens: 100, messages: question };
    expect((await client.messages.create(message)).content[0]).toMatchObject({ type: "text", text: "Hello." });
    expect(await client.messages.stream(message).finalText()).toBe("Hello.");
    expect((await client.messages.countTokens({ model: "claude-test", messages: question })).input_tokens).toBe(11);
    expect((await client.models.list()).data.map((model) => model.id)).toContain("claude-test");
    counter.calls.length = 0;
    const refused = await client.messages.create({ ...message, model: "claude-none" }).catch((error: unknown) => error);
    expect(refused).toBeInstanceOf(Anthropic.PermissionDeniedError);
    expect((refused as { error: unknown }).error).toMatchObject({
      type: "error",
      error: { type: "permission_error", code: "not_granted" },
    });
    expect(counter.calls).toHaveLength(1);
  });

  test("@anthropic-ai/sdk reads a Claude behind Bedrock as it reads Anthropic's own", async () => {
    const client = new Anthropic({ baseURL: gateway.url, apiKey: testKey });
    const ask = { model: "claude-bedrock", max_tokens: 10, messages: question };
    const message = await client.messages.stream(ask).finalMessage();
    expect(message.content).toEqual([expect.objectContaining({ type: "text", text: "Hello." })]);
    expect(upstream.seen.at(-1)!.path).toBe("/v1/model/anthropic.claude-test/invoke-with-response-stream");
  });

  test("@google/genai: answers, streams, counts, and reads a refusal as one, in a stream too", async () => {
    const client = new GoogleGenAI({ apiKey: testKey, httpOptions: { baseUrl: gateway.url } });
    const ask = { model: "gemini-test", contents: "Say hello." };
    expect((await client.models.generateContent(ask)).text).toBe("Hello.");
    let text = "";
    for await (const chunk of await client.models.generateContentStream(ask)) text += chunk.text ?? "";
    expect(text).toBe("Hello.");
    expect((await client.models.countTokens(ask)).totalTokens).toBe(11);
    expect((await client.models.list()).page.map((model) => model.name)).toEqual(["models/gemini-test"]);
    const before = upstream.seen.length;
    const denied = await client.models.generateContent({ ...ask, model: "nobody-knows" }).catch((error: unknown) => error);
    expect(denied).toBeInstanceOf(ApiError);
    expect([(denied as ApiError).status, (denied as ApiError).message]).toEqual([
      403,
      expect.stringContaining("nobody-knows"),
    ]);
    expect(upstream.seen.length).toBe(before);
    const read = async () => {
      for await (const chunk of await client.models.generateContentStream({ ...ask, contents: "use the tool" }))
        expect(chunk.functionCalls ?? []).toEqual([]);
    };
    await expect(read()).rejects.toMatchObject({ status: 403, message: expect.stringContaining("unknown_tool") });
  });

  test("ai with @ai-sdk/openai-compatible: answers, streams, and does not retry a denial", async () => {
    const counter = counted();
    const model = (id: string) =>
      createOpenAICompatible({ name: "mandate", baseURL: `${gateway.url}/v1`, apiKey: testKey, fetch: counter.fetch })(
        id,
      );
    expect((await generateText({ model: model("gpt-test"), prompt: "Say hello." })).text).toBe("Hello.");
    let text = "";
    for await (const part of streamText({ model: model("gpt-test"), prompt: "Say hello." }).textStream) text += part;
    expect(text).toBe("Hello.");
    counter.calls.length = 0;
    await expect(generateText({ model: model("gpt-none"), prompt: "Say hello." })).rejects.toThrow(/gpt-none/);
    expect(counter.calls).toHaveLength(1);
  });

  test("@langchain/openai: answers, streams, and does not retry a denial", async () => {
    const counter = counted();
    const chat = (model: string) =>
      new ChatOpenAI({ model, apiKey: testKey, configuration: { baseURL: `${gateway.url}/v1`, fetch: counter.fetch } });
    expect((await chat("gpt-test").invoke("Say hello.")).text).toBe("Hello.");
    let text = "";
    for await (const chunk of await chat("gpt-test").stream("Say hello.")) text += chunk.text;
    expect(text).toBe("Hello.");
    counter.calls.length = 0;
    await expect(chat("gpt-none").invoke("Say hello.")).rejects.toThrow(/gpt-none/);
    expect(counter.calls).toHaveLength(1);
  });
});
