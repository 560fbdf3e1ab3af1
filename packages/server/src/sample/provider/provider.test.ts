import Anthropic from "@anthropic-ai/sdk";
import OpenAI from "openai";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { startScriptedProvider, type ScriptedProvider } from "./index.ts";

let provider: ScriptedProvider;
let openai: OpenAI;
let anthropic: Anthropic;
beforeAll(async () => {
  provider = await startScriptedProvider();
  openai = new OpenAI({ baseURL: `${provider.url}/v1`, apiKey: "sk-scripted", maxRetries: 0 });
  anthropic = new Anthropic({ baseURL: provider.url, apiKey: "sk-scripted", maxRetries: 0 });
});
afterAll(() => provider.close());

const refundTool = {
  type: "function" as const,
  function: { name: "refunds_issue", parameters: { type: "object", properties: { order: { type: "string" } } } },
};
const refund = "Please refund €146.20 for order A-1042.";

describe("OpenAI clients accept the scripted provider", () => {
  test("a plain answer is labelled as scripted in text, fingerprint and header", async () => {
    const { data, response } = await openai.chat.completions
      .create({ model: "gpt-4.1-mini", messages: [{ role: "user", content: "Where is my parcel?" }] })
      .withResponse();
    expect(data.choices[0]?.message.content).toContain("scripted");
    expect(data.system_fingerprint).toBe("fp_mandate_scripted");
    expect(response.headers.get("x-mandate-scripted")).toBe("true");
    expect(data.model).toBe("gpt-4.1-mini-2025-04-14");
    expect(data.id).toMatch(/^chatcmpl-[A-Za-z0-9]{29}$/);
  });

  test("a refund prompt calls the offered tool with the order and amount of the prompt", async () => {
    const reply = await openai.chat.completions.create({
      model: "gpt-4.1",
      messages: [{ role: "user", content: refund }],
      tools: [refundTool],
    });
    const call = reply.choices[0]?.message.tool_calls?.[0];
    expect(reply.choices[0]?.finish_reason).toBe("tool_calls");
    expect(call?.type === "function" && JSON.parse(call.function.arguments)).toEqual({
      order: "A-1042",
      amount: { value: "146.20", currency: "EUR" },
    });
  });

  test("a streamed tool call assembles to the same call, with usage when asked for", async () => {
    const stream = openai.chat.completions.stream({
      model: "gpt-4.1",
      messages: [{ role: "user", content: refund }],
      tools: [refundTool],
      stream_options: { include_usage: true },
    });
    const reply = await stream.finalChatCompletion();
    const call = reply.choices[0]?.message.tool_calls?.[0];
    expect(call?.type === "function" && call.function.arguments).toBe(
      '{"order":"A-1042","amount":{"value":"146.20","currency":"EUR"}}',
    );
    expect((await stream.totalUsage()).total_tokens).toBeGreaterThan(10);
  });

  test("responses work whole and streamed, ending in response.completed", async () => {
    const whole = await openai.responses.create({ model: "gpt-4.1", input: "Describe the coat" });
    expect(whole.output_text).toContain("scripted");
    const stream = openai.responses.stream({
      model: "gpt-4.1",
      input: refund,
      tools: [{ type: "function", name: "refunds_issue", parameters: {}, strict: false }],
    });
    const types: string[] = [];
    for await (const event of stream) types.push(event.type);
    expect(types.at(-1)).toBe("response.completed");
    expect((await stream.finalResponse()).output.map((item) => item.type)).toEqual(["message", "function_call"]);
  });

  test("embeddings come as floats of length one through the client's own base64", async () => {
    const reply = await openai.embeddings.create({
      model: "text-embedding-3-small",
      input: ["a", "b"],
      dimensions: 64,
    });
    expect(reply.data).toHaveLength(2);
    expect(Math.hypot(...(reply.data[0]?.embedding ?? []))).toBeCloseTo(1, 5);
  });

  test("models list, and an unknown model is a 404 of the provider's shape", async () => {
    expect((await openai.models.list()).data.map((model) => model.id)).toContain("gpt-4.1");
    await expect(openai.models.retrieve("nothing-such")).rejects.toMatchObject({
      status: 404,
      code: "model_not_found",
    });
  });

  test.each([429, 500] as const)("[error %i] fails in OpenAI's shape", async (status) => {
    const call = openai.chat.completions.create({
      model: "gpt-4.1",
      messages: [{ role: "user", content: `[error ${status}]` }],
    });
    await expect(call).rejects.toMatchObject({ status });
  });

  test("[cut] severs the stream before its end", async () => {
    const stream = await openai.chat.completions.create({
      model: "gpt-4.1",
      stream: true,
      messages: [{ role: "user", content: "[cut] parcel?" }],
    });
    const read = async () => {
      for await (const chunk of stream) expect(chunk.choices[0]?.finish_reason).toBeNull();
    };
    await expect(read()).rejects.toThrow();
  });
});

describe("Anthropic clients accept the scripted provider", () => {
  const ask = { model: "claude-sonnet-4-5", max_tokens: 200 } as const;

  test("a plain answer carries usage, the dated model and ids in the provider's style", async () => {
    const reply = await anthropic.messages.create({
      ...ask,
      messages: [{ role: "user", content: "Where is my parcel?" }],
    });
    expect(reply).toMatchObject({ model: "claude-sonnet-4-5-20250929", stop_reason: "end_turn", role: "assistant" });
    expect(reply.id).toMatch(/^msg_01[A-Za-z0-9]{22}$/);
    expect(reply.usage.input_tokens).toBeGreaterThan(0);
  });

  test("a streamed tool use assembles, and its result ends the loop with words", async () => {
    const tools = [{ name: "refunds_issue", input_schema: { type: "object" as const } }];
    const first = await anthropic.messages
      .stream({ ...ask, tools, messages: [{ role: "user", content: refund }] })
      .finalMessage();
    const use = first.content.find((block) => block.type === "tool_use");
    expect(use?.input).toEqual({ order: "A-1042", amount: { value: "146.20", currency: "EUR" } });
    const second = await anthropic.messages.create({
      ...ask,
      tools,
      messages: [
        { role: "user", content: refund },
        { role: "assistant", content: first.content },
        { role: "user", content: [{ type: "tool_result", tool_use_id: use?.id ?? "", content: "ok" }] },
      ],
    });
    expect(second.content.map((block) => block.type)).toEqual(["text"]);
  });

  test("tokens are counted, models listed, errors shaped", async () => {
    expect(
      (await anthropic.messages.countTokens({ model: ask.model, messages: [{ role: "user", content: "hello there" }] }))
        .input_tokens,
    ).toBeGreaterThan(1);
    expect((await anthropic.models.list()).data[0]?.type).toBe("model");
    await expect(
      anthropic.messages.create({ ...ask, messages: [{ role: "user", content: "[error 529]" }] }),
    ).rejects.toMatchObject({ status: 529 });
  });
});

test("hostile requests get an error in the caller's format and never end the provider", async () => {
  const post = (path: string, body: string) => fetch(`${provider.url}${path}`, { method: "POST", body });
  expect((await post("/v1/chat/completions", "{")).status).toBe(400);
  expect((await post("/v1/messages", "[]")).status).toBe(400);
  expect((await post("/v1/embeddings", JSON.stringify({ model: "m", input: "x", dimensions: 1e9 }))).status).toBe(400);
  expect((await post("/v1/embeddings", "x".repeat(9 * 1024 * 1024))).status).toBe(413);
  expect((await post("/v1/../etc/passwd", "{}")).status).toBe(404);
  expect((await fetch(`${provider.url}/healthz`)).status).toBe(404);
});

test("closing ends a slow stream at once", async () => {
  const own = await startScriptedProvider();
  const reply = await fetch(`${own.url}/v1/chat/completions`, {
    method: "POST",
    body: JSON.stringify({ model: "m", stream: true, messages: [{ role: "user", content: "[slow][long]" }] }),
  });
  const read = reply.text();
  await own.close();
  await expect(read).rejects.toThrow();
});
