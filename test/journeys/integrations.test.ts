import { tool as langchainTool } from "@langchain/core/tools";
import { ChatOpenAI } from "@langchain/openai";
import { createOpenAICompatible } from "@ai-sdk/openai-compatible";
import { Agent, run, setDefaultOpenAIClient, setOpenAIAPI, setTracingDisabled, tool as agentTool } from "@openai/agents";
import { generateText, jsonSchema, stepCountIs, tool as aiTool } from "ai";
import OpenAI from "openai";
import { afterAll, beforeAll, beforeEach, describe, expect, test } from "vitest";
import { ApprovalRequired, MandateClient, PolicyDenied } from "../../packages/sdk/src/index.ts";
import { type Mandate, startMandate, startUpstream, type Upstream } from "./harness.ts";

// Agents of other frameworks with their own loops: what docs/sdk.md says, run against the real gateway. The provider is a
// fake that speaks OpenAI's wire format: it calls the tool that the last message names, then says what came of it.

const manifest = (upstream: string) => `apiVersion: v1
kind: Model
metadata: { name: gpt-test }
spec: { protocol: openai, endpoint: "${upstream}/v1", served: [gpt-test], region: EEA, training: never, retention: 0d, maxSensitivity: internal }
---
apiVersion: v1
kind: Tool
metadata: { name: refund }
spec: { effect: writes, reversible: true, output: trusted, critical: [{ arg: order, type: id }], input: { type: object, properties: { order: { type: string }, amount: { type: integer } } } }
---
apiVersion: v1
kind: Policy
metadata: { name: refund-limit }
spec:
  rules:
    - { id: refund-most, on: "tool:refund", denyUnless: context.input.amount <= 500, because: Refunds above 500 are made by people. }
    - { id: refund-seen, on: "tool:refund", holdUnless: context.input.amount <= 50, because: Refunds above 50 are looked at. }
---
apiVersion: v1
kind: AISystem
metadata: { name: desk }
spec:
  title: Refund desk
  purposes: [{ id: refunds, text: Refunds what customers send back. }]
  owners: { business: bea@halden.example, technical: tom@halden.example }
  audience: internal
  autonomy: suggests
  intake: { prohibited: [], annex3: [], annex1: false, profiling: false, decisionEffect: none, reversibility: none, vulnerable: false, publicBody: false, euNexus: true }
  boundary: { sensitivity: internal, regions: [EEA], training: never }
  session: { user: token, issuers: [], claims: [], userChannel: clean }
  uses: { models: [model:gpt-test], tools: [tool:refund] }
  policies: [policy:refund-limit]
`;

interface Refund {
  order: string;
  amount: number;
}
const parameters = { type: "object", properties: { order: { type: "string" }, amount: { type: "integer" } }, required: ["order", "amount"], additionalProperties: false } as const;
const description = "Refunds an order.";
const wish = (amount: number): string => `Refund order A1 with ${amount} EUR.`;

let mandate: Mandate;
let upstream: Upstream;
let client: MandateClient;
let bea = "";
let paid: Refund[] = [];
const context = { messages: [{ role: "user", content: "Refund order A1 please." }] };
/** The tool as it was, and as it is governed: one line. */
const refund = async (input: Refund, options?: { approval: string }): Promise<string> => client.tool("refund", pay, { context })(input, options);
function pay(input: Refund): string {
  paid.push(input);
  return `Refunded ${input.amount} EUR.`;
}

beforeAll(async () => {
  [upstream, mandate] = await Promise.all([startUpstream(), startMandate()]);
  upstream.answer = (body) => {
    const { messages } = JSON.parse(body.toString()) as { messages: { role: string; content: unknown }[] };
    const last = messages.at(-1)!;
    const text = typeof last.content === "string" ? last.content : JSON.stringify(last.content);
    const message =
      last.role === "tool"
        ? { role: "assistant", content: `Done: ${text}` }
        : { role: "assistant", content: null, tool_calls: [{ id: "call_1", type: "function", function: { name: "refund", arguments: JSON.stringify({ order: "A1", amount: Number(/with (\d+)/.exec(text)?.[1]) }) } }] };
    return { chunks: [JSON.stringify({ id: "chatcmpl-1", object: "chat.completion", created: 1_760_000_000, model: "gpt-test", choices: [{ index: 0, message, finish_reason: last.role === "tool" ? "stop" : "tool_calls" }], usage: { prompt_tokens: 9, completion_tokens: 4, total_tokens: 13 } })] };
  };
  const applied = await mandate.apply(manifest(upstream.url));
  expect(applied.status, applied.text).toBe(200);
  bea = await mandate.personToken("bea@halden.example");
  for (const one of (await mandate.api("GET", "/approvals?state=pending", undefined, bea)).body.items as { id: string }[]) await mandate.api("POST", `/approvals/${one.id}/approve`, { reason: "A pilot." }, bea);
  const { key } = await mandate.credential("desk");
  client = new MandateClient({ url: mandate.gateway, gatewayUrl: mandate.gateway, token: key, system: "desk" });
}, 120_000);
afterAll(async () => {
  await mandate?.stop();
  await upstream?.close();
});
beforeEach(() => {
  paid = [];
});

/** Each framework: its loop with our tool in it, and its own way to call the tool alone. */
const frameworks: { readonly name: string; readonly loop: (wish: string) => Promise<string>; readonly alone: (input: Refund) => Promise<unknown> }[] = [
  {
    name: "LangChain.js",
    async loop(text) {
      const chat = new ChatOpenAI({ model: "gpt-test", apiKey: clientKey(), configuration: { baseURL: `${mandate.gateway}/v1` }, maxRetries: 0 }).bindTools([langchain()]);
      const answer = await chat.invoke(text);
      const result = await langchain().invoke(answer.tool_calls![0]!);
      return (await chat.invoke([{ role: "user", content: text }, answer, result])).text;
    },
    alone: async (input) => langchain().invoke(input),
  },
  {
    name: "Vercel AI SDK",
    async loop(text) {
      const model = createOpenAICompatible({ name: "mandate", baseURL: `${mandate.gateway}/v1`, apiKey: clientKey() })("gpt-test");
      const { text: answer } = await generateText({ model, prompt: text, tools: { refund: vercel() }, stopWhen: stepCountIs(3), maxRetries: 0 });
      return answer;
    },
    alone: async (input) => vercel().execute(input, { toolCallId: "call_1", messages: [] } as never),
  },
  {
    name: "OpenAI Agents SDK",
    async loop(text) {
      setDefaultOpenAIClient(client.openai(OpenAI) as never);
      setOpenAIAPI("chat_completions");
      setTracingDisabled(true);
      const agent = new Agent({ name: "desk", model: "gpt-test", tools: [agents()] });
      return String((await run(agent, text)).finalOutput);
    },
    alone: async (input) => agents().invoke({} as never, JSON.stringify(input)),
  },
];
const clientKey = (): string => (client.openai(class { readonly key: string; constructor(options: { apiKey: string; baseURL: string }) { this.key = options.apiKey; } })).key;
const langchain = () => langchainTool(async (input: unknown) => refund(input as Refund), { name: "refund", description, schema: parameters });
const vercel = () => aiTool({ description, inputSchema: jsonSchema<Refund>(parameters as never), execute: async (input) => refund(input) });
const agents = () => agentTool({ name: "refund", description, parameters: parameters as never, strict: true, errorFunction: null, execute: async (input) => refund(input as Refund) });

describe.each(frameworks)("$name", ({ loop, alone }) => {
  test("what is allowed runs, in its own loop", async () => {
    expect(await loop(wish(20))).toContain("Refunded 20 EUR.");
    expect(paid).toEqual([{ order: "A1", amount: 20 }]);
  });

  test("what the rules forbid never runs, whether the model asks for it or the code does, and the reason arrives", async () => {
    await expect(loop(wish(900))).rejects.toThrow(/made by people/);
    const refused = await alone({ order: "A1", amount: 900 }).catch((error: unknown) => error);
    expect(causeOf(refused, PolicyDenied)?.verdict).toMatchObject({ outcome: "deny", rule: "refund-most" });
    expect(paid).toEqual([]);
  });

  test("what waits for a person says whom to ask; the same call runs once it is approved", async () => {
    const amount = 51 + frameworks.findIndex((one) => one.loop === loop);
    const held = await alone({ order: "A1", amount }).catch((error: unknown) => error);
    const { approval } = causeOf(held, ApprovalRequired)!;
    expect(approval?.url).toContain("/approve/");
    expect(paid).toEqual([]);
    expect((await mandate.api("POST", `/approvals/${approval!.id}/approve`, { reason: "Seen." }, bea)).status).toBe(200);
    expect(await refund({ order: "A1", amount }, { approval: approval!.id })).toContain(String(amount));
    await expect(refund({ order: "A1", amount }, { approval: approval!.id }), "spent once").rejects.toThrow();
    expect(paid).toEqual([{ order: "A1", amount }]);
  });
});

/** Frameworks wrap what a tool throws; the error itself is somewhere beneath. */
function causeOf<T>(error: unknown, kind: new (...parameters: never[]) => T): T | undefined {
  for (let at: unknown = error; at !== undefined && at !== null; at = (at as { cause?: unknown; error?: unknown }).cause ?? (at as { error?: unknown }).error) if (at instanceof kind) return at;
  return undefined;
}
