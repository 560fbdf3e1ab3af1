import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { z } from "zod";
import { MandateClient } from "../../packages/sdk/src/index.ts";
import { type Mandate, startMandate, startUpstream, type Upstream } from "./harness.ts";

// The Claude Agent SDK brings a program of 350 MB, so it is no dependency: CONTRIBUTING.md says how to run this. The provider
// is a fake that speaks Anthropic's wire format; everything else is real.

interface AgentSdk {
  createSdkMcpServer(options: { name: string; tools: unknown[] }): unknown;
  tool(name: string, description: string, shape: Record<string, unknown>, run: (input: { order: string; amount: number }) => Promise<unknown>): unknown;
  query(asked: { prompt: string; options: Record<string, unknown> }): AsyncIterable<{ type: string; result?: string; is_error?: boolean }>;
}
const name = "@anthropic-ai/claude-agent-sdk";
const sdk = await import(name).then((found: unknown) => found as AgentSdk, () => null);

const manifest = (upstream: string) => `apiVersion: v1
kind: Model
metadata: { name: claude-test }
spec: { protocol: anthropic, endpoint: "${upstream}", served: [claude-test], region: EEA, training: never, retention: 0d, maxSensitivity: internal }
---
apiVersion: v1
kind: Tool
metadata: { name: mcp__desk__refund }
spec: { effect: writes, reversible: true, output: trusted, critical: [{ arg: order, type: id }] }
---
apiVersion: v1
kind: Policy
metadata: { name: refund-limit }
spec:
  rules:
    - { id: refund-most, on: "tool:mcp__desk__refund", denyUnless: context.input.amount <= 500, because: Refunds above 500 are made by people. }
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
  uses: { models: [model:claude-test], tools: [tool:mcp__desk__refund] }
  policies: [policy:refund-limit]
`;

let mandate: Mandate;
let upstream: Upstream;
let key = "";
const home = mkdtempSync(join(tmpdir(), "mandate-claude-"));

/** Calls the tool with the amount that the question names, then says that it is done: as a stream, or whole where a client asks for that. */
function answer(body: Buffer): { chunks: string[]; contentType?: string } {
  const { messages = [], stream } = JSON.parse(body.toString() || "{}") as { messages?: unknown[]; stream?: boolean };
  const isDone = JSON.stringify(messages.at(-1) ?? "").includes("tool_result");
  const amount = Number(/with (\d+)/.exec(JSON.stringify(messages))?.[1]);
  if (stream !== true) {
    const content = isDone ? [{ type: "text", text: "It is done." }] : [{ type: "tool_use", id: "toolu_1", name: "mcp__desk__refund", input: { order: "A1", amount } }];
    return { chunks: [JSON.stringify({ id: "msg_1", type: "message", role: "assistant", model: "claude-test", content, stop_reason: isDone ? "end_turn" : "tool_use", stop_sequence: null, usage: { input_tokens: 5, output_tokens: 9 } })] };
  }
  const events: readonly Record<string, unknown>[] = [
    { type: "message_start", message: { id: "msg_1", type: "message", role: "assistant", model: "claude-test", content: [], stop_reason: null, stop_sequence: null, usage: { input_tokens: 5, output_tokens: 1 } } },
    { type: "content_block_start", index: 0, content_block: isDone ? { type: "text", text: "" } : { type: "tool_use", id: "toolu_1", name: "mcp__desk__refund", input: {} } },
    { type: "content_block_delta", index: 0, delta: isDone ? { type: "text_delta", text: "It is done." } : { type: "input_json_delta", partial_json: JSON.stringify({ order: "A1", amount }) } },
    { type: "content_block_stop", index: 0 },
    { type: "message_delta", delta: { stop_reason: isDone ? "end_turn" : "tool_use", stop_sequence: null }, usage: { output_tokens: 9 } },
    { type: "message_stop" },
  ];
  return { contentType: "text/event-stream", chunks: events.map((event) => `event: ${String(event["type"])}\ndata: ${JSON.stringify(event)}\n\n`) };
}

describe.skipIf(sdk === null)(`Claude Agent SDK${sdk === null ? ": not installed, so not run" : ""}`, () => {
  beforeAll(async () => {
    [upstream, mandate] = await Promise.all([startUpstream(), startMandate()]);
    upstream.answer = answer;
    expect((await mandate.apply(manifest(upstream.url))).status).toBe(200);
    const bea = await mandate.personToken("bea@halden.example");
    for (const one of (await mandate.api("GET", "/approvals?state=pending", undefined, bea)).body.items as { id: string }[]) await mandate.api("POST", `/approvals/${one.id}/approve`, { reason: "A pilot." }, bea);
    key = (await mandate.credential("desk")).key;
  }, 60_000);
  afterAll(async () => {
    await mandate?.stop();
    await upstream?.close();
    rmSync(home, { recursive: true, force: true });
  });

  test("its loop runs through the gateway; its own tool is asked for before it runs; what is forbidden never does", { timeout: 120_000 }, async () => {
    const paid: number[] = [];
    const client = new MandateClient({ url: mandate.gateway, token: key, system: "desk" });
    const pay = client.tool("mcp__desk__refund", ({ amount }: { order: string; amount: number }) => void paid.push(amount), { context: { messages: [{ role: "user", content: "Refund order A1" }] } });
    const ask = async (prompt: string): Promise<string> => {
      const refund = sdk!.tool("refund", "Refunds an order.", { order: z.string(), amount: z.number() }, async (input) => {
        await pay(input);
        return { content: [{ type: "text", text: "Refunded." }] };
      });
      const env = { PATH: process.env["PATH"], HOME: home, ANTHROPIC_BASE_URL: mandate.gateway, ANTHROPIC_API_KEY: key, CLAUDE_CODE_DISABLE_NONESSENTIAL_TRAFFIC: "1" };
      const options = { model: "claude-test", systemPrompt: "You refund.", tools: [], settingSources: [], persistSession: false, maxTurns: 3, mcpServers: { desk: sdk!.createSdkMcpServer({ name: "desk", tools: [refund] }) }, allowedTools: ["mcp__desk__refund"], env };
      try {
        for await (const message of sdk!.query({ prompt, options })) if (message.type === "result") return message.result ?? "";
      } catch (error) {
        return String(error);
      }
      return "";
    };
    expect(await ask("Refund order A1 with 20")).toContain("It is done.");
    expect(paid).toEqual([20]);
    expect(await ask("Refund order A1 with 900")).toMatch(/made by people/);
    expect(paid).toEqual([20]);
  });
});
