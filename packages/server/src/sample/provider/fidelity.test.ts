import { readFileSync } from "node:fs";
import { join } from "node:path";
import { afterAll, beforeAll, expect, test } from "vitest";
import { startScriptedProvider, type ScriptedProvider } from "./index.ts";

/** Recorded provider answers; a folder outside the repository. Without it these tests say that they did not run. */
const corpora = process.env.MANDATE_CORPORA;
const recordedTest = test.runIf(corpora !== undefined);
let provider: ScriptedProvider;
beforeAll(async () => {
  provider = await startScriptedProvider();
});
afterAll(() => provider.close());

const recording = (file: string) => readFileSync(join(corpora ?? "", "sse", file), "utf8");
const lines = (text: string): readonly unknown[] =>
  text
    .split("\n")
    .filter((line) => line !== "")
    .map((line) => JSON.parse(line) as unknown);
const events = (text: string): readonly unknown[] =>
  lines(
    text
      .split("\n")
      .filter((line) => line.startsWith("data: {"))
      .map((line) => line.slice(6))
      .join("\n"),
  );

async function ask(path: string, body: Readonly<Record<string, unknown>>): Promise<string> {
  const response = await fetch(`${provider.url}${path}`, { method: "POST", body: JSON.stringify(body) });
  return await response.text();
}

/** Every member's path, `[].choices[].delta.content`. */
function paths(value: unknown, at = "", found = new Set<string>()): ReadonlySet<string> {
  if (Array.isArray(value)) for (const item of value) paths(item, `${at}[]`, found);
  else if (typeof value === "object" && value !== null) {
    for (const [name, member] of Object.entries(value)) {
      found.add(`${at}.${name}`);
      paths(member, `${at}.${name}`, found);
    }
  }
  return found;
}

const chat = { model: "gpt-4.1", messages: [{ role: "user", content: "Hello" }] };
const message = { ...chat, model: "claude-sonnet-4-5", max_tokens: 100 };

recordedTest("answers have exactly the members of recorded ones", async () => {
  const pairs = [
    [JSON.parse(recording("openai-chat/openai-text.json")), JSON.parse(await ask("/v1/chat/completions", chat))],
    [
      lines(recording("openai-chat/openai-text.chunks.txt")),
      events(await ask("/v1/chat/completions", { ...chat, stream: true, stream_options: { include_usage: true } })),
    ],
    [JSON.parse(recording("anthropic-messages/anthropic-text.json")), JSON.parse(await ask("/v1/messages", message))],
    [
      lines(recording("anthropic-messages/anthropic-text.chunks.txt")),
      events(await ask("/v1/messages", { ...message, stream: true })),
    ],
  ] as const;
  for (const [recorded, scripted] of pairs) expect([...paths(scripted)].sort()).toEqual([...paths(recorded)].sort());
});

recordedTest("the first event of a response has exactly the members of a recorded one", async () => {
  const [recorded] = lines(recording("openai-responses/openai-error.1.chunks.txt"));
  const [scripted] = events(await ask("/v1/responses", { model: "gpt-4.1", input: "Hello", stream: true }));
  expect([...paths(scripted)].sort()).toEqual([...paths(recorded)].sort());
});

test("a stream's pieces join to the whole answer, in every wire format", async () => {
  const whole = (JSON.parse(await ask("/v1/chat/completions", chat)) as { choices: { message: { content: string } }[] })
    .choices[0]?.message.content;
  const chunks = events(await ask("/v1/chat/completions", { ...chat, stream: true })) as {
    choices: { delta: { content?: string } }[];
  }[];
  expect(chunks.map((chunk) => chunk.choices[0]?.delta.content ?? "").join("")).toBe(whole);
  const blocks = events(await ask("/v1/messages", { ...message, stream: true })) as { delta?: { text?: string } }[];
  expect(blocks.map((block) => block.delta?.text ?? "").join("")).toBe(whole);
  const deltas = events(await ask("/v1/responses", { model: "m", input: "Hello", stream: true })) as {
    type: string;
    delta?: string;
  }[];
  expect(deltas.map((event) => (event.type === "response.output_text.delta" ? event.delta : "")).join("")).toBe(whole);
});
