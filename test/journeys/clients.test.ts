import Anthropic from "@anthropic-ai/sdk";
import { createOpenAICompatible } from "@ai-sdk/openai-compatible";
import { ChatOpenAI } from "@langchain/openai";
import { generateText, streamText } from "ai";
import OpenAI from "openai";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { startScriptedProvider } from "../../packages/server/src/sample/index.ts";
import { type Mandate, smallManifest, startMandate } from "./harness.ts";

let mandate: Mandate;
let provider: Awaited<ReturnType<typeof startScriptedProvider>>;
let key: string;

beforeAll(async () => {
  provider = await startScriptedProvider();
  mandate = await startMandate();
  const claude = `---
apiVersion: v1
kind: Model
metadata: { name: claude-test }
spec: { protocol: anthropic, endpoint: "${provider.url}", served: [claude-test], region: EEA, training: never, retention: 0d, maxSensitivity: internal }
`;
  const yaml = smallManifest(provider.url, "clients", claude).replace("[model:gpt-test]", "[model:gpt-test, model:claude-test]");
  const applied = await mandate.apply(yaml);
  expect(applied.status, applied.text).toBe(200);
  key = (await mandate.credential("clients")).key;
});
afterAll(async () => {
  await mandate?.stop();
  await provider?.close();
});

/** Counts requests that a client makes, to see whether it retried. */
function counted() {
  const calls: string[] = [];
  const counting: typeof fetch = (input, init) => {
    calls.push(String(input instanceof Request ? input.url : input));
    return fetch(input, init);
  };
  return { calls, fetch: counting };
}

const question = [{ role: "user" as const, content: "Say hello." }];

describe("unmodified clients", () => {
  test("openai: answer, stream, and a denial it doesn't retry", async () => {
    const counter = counted();
    const client = new OpenAI({ baseURL: `${mandate.gateway}/v1`, apiKey: key, fetch: counter.fetch });
    const answer = await client.chat.completions.create({ model: "gpt-test", messages: question });
    expect(answer.choices[0]!.message.content).toBeTruthy();
    let streamed = "";
    for await (const chunk of await client.chat.completions.create({ model: "gpt-test", messages: question, stream: true }))
      streamed += chunk.choices[0]?.delta.content ?? "";
    expect(streamed).toBeTruthy();
    expect((await client.models.list()).data.map((model) => model.id)).toContain("gpt-test");
    counter.calls.length = 0;
    const refused = await client.chat.completions.create({ model: "gpt-none", messages: question }).catch((error: unknown) => error);
    expect(refused).toBeInstanceOf(OpenAI.PermissionDeniedError);
    expect((refused as InstanceType<typeof OpenAI.PermissionDeniedError>).code).toBe("not_granted");
    expect((refused as Error).message).toMatch(/gpt-none/);
    expect(counter.calls.length).toBe(1);
  });

  test("openai responses: answer and stream", async () => {
    const client = new OpenAI({ baseURL: `${mandate.gateway}/v1`, apiKey: key });
    const answer = await client.responses.create({ model: "gpt-test", input: "Say hello." });
    expect(answer.output_text).toBeTruthy();
    const kinds: string[] = [];
    for await (const event of await client.responses.create({ model: "gpt-test", input: "Say hello.", stream: true })) kinds.push(event.type);
    expect(kinds.at(0)).toBe("response.created");
    expect(kinds.at(-1)).toBe("response.completed");
  });

  test("openai embeddings", async () => {
    const client = new OpenAI({ baseURL: `${mandate.gateway}/v1`, apiKey: key });
    const answer = await client.embeddings.create({ model: "gpt-test", input: "hello" });
    expect(answer.data[0]!.embedding.length).toBeGreaterThan(0);
  });

  test("@anthropic-ai/sdk: answer, stream, count, and a denial it doesn't retry", async () => {
    const counter = counted();
    const client = new Anthropic({ baseURL: mandate.gateway, apiKey: key, fetch: counter.fetch });
    const message = { model: "claude-test", max_tokens: 100, messages: question };
    const answer = await client.messages.create(message);
    expect(answer.content[0]).toMatchObject({ type: "text" });
    expect(await client.messages.stream(message).finalText()).toBeTruthy();
    expect((await client.messages.countTokens({ model: "claude-test", messages: question })).input_tokens).toBeGreaterThan(0);
    counter.calls.length = 0;
    const refused = await client.messages.create({ ...message, model: "claude-none" }).catch((error: unknown) => error);
    expect(refused).toBeInstanceOf(Anthropic.PermissionDeniedError);
    expect((refused as { error: unknown }).error).toMatchObject({ type: "error", error: { type: "permission_error", code: "not_granted" } });
    expect(counter.calls.length).toBe(1);
  });

  test("ai with @ai-sdk/openai-compatible: answer, stream, denial", async () => {
    const counter = counted();
    const model = (id: string) =>
      createOpenAICompatible({ name: "mandate", baseURL: `${mandate.gateway}/v1`, apiKey: key, fetch: counter.fetch })(id);
    expect((await generateText({ model: model("gpt-test"), prompt: "Say hello." })).text).toBeTruthy();
    let streamed = "";
    for await (const part of streamText({ model: model("gpt-test"), prompt: "Say hello." }).textStream) streamed += part;
    expect(streamed).toBeTruthy();
    counter.calls.length = 0;
    await expect(generateText({ model: model("gpt-none"), prompt: "Say hello." })).rejects.toThrow(/gpt-none/);
    expect(counter.calls.length).toBe(1);
  });

  test("@langchain/openai: answer, stream, denial", async () => {
    const counter = counted();
    const chat = (model: string) =>
      new ChatOpenAI({ model, apiKey: key, configuration: { baseURL: `${mandate.gateway}/v1`, fetch: counter.fetch } });
    expect((await chat("gpt-test").invoke("Say hello.")).text).toBeTruthy();
    let streamed = "";
    for await (const chunk of await chat("gpt-test").stream("Say hello.")) streamed += chunk.text;
    expect(streamed).toBeTruthy();
    counter.calls.length = 0;
    await expect(chat("gpt-none").invoke("Say hello.")).rejects.toThrow(/gpt-none/);
    expect(counter.calls.length).toBe(1);
  });
});
