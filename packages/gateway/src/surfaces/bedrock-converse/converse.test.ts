import { existsSync, readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { afterEach, beforeEach, describe, expect, test } from "vitest";
import type { StreamMode, ToolFacts } from "@mandate/model";
import { AwsMessages } from "../../sse/aws-messages.ts";
import { awsException, converseStream, isSigned } from "../../testing/fake-bedrock.ts";
import { testFacts, testKey, testModel, testSnapshot, testSystem, testTool } from "../../testing/facts.ts";
import { startTestGateway, type TestGateway } from "../../testing/gateway.ts";
import { sendJson, startTestUpstream, type TestUpstream } from "../../testing/upstream.ts";

let upstream: TestUpstream;
let gateway: TestGateway;

beforeEach(async () => {
  upstream = await startTestUpstream();
});
afterEach(async () => {
  await gateway?.close();
  await upstream.close();
});

const secretAccessKey = "wJalrXUtnFEMI/K7MDENG/bPxRfiCYEXAMPLEKEY";

async function start(tools: readonly ToolFacts[] = [], streamMode: StreamMode = "pass"): Promise<void> {
  const origin = `http://127.0.0.1:${upstream.port}`;
  const grants = { models: ["nova"], tools: tools.map((tool) => tool.name), datasets: [], prompts: [], destinations: [] };
  const system = testSystem("T0", { grants });
  const model = testModel(origin, { name: "nova", protocol: "bedrock", upstream: "eu.amazon.nova-pro-v1:0", credential: "aws" });
  const facts = testFacts(origin, { ...system, parameters: { ...system.parameters, streamMode } }, { models: [model], tools });
  const value = JSON.stringify({ accessKeyId: "AKIAIOSFODNN7EXAMPLE", secretAccessKey, region: "eu-central-1" });
  gateway = await startTestGateway(testSnapshot(facts, { secrets: [{ name: "aws", value, hosts: [`127.0.0.1:${upstream.port}`] }] }));
}

const hello = { messages: [{ role: "user", content: [{ text: "Say hello." }] }] };

async function streamed(wire: Buffer, body: object = hello): Promise<Buffer> {
  upstream.answer = (_request, res) => {
    res.writeHead(200, { "content-type": "application/vnd.amazon.eventstream" });
    for (let at = 0; at < wire.length; at += 61) res.write(wire.subarray(at, at + 61));
    res.end();
  };
  const response = await fetch(`${gateway.url}/model/nova/converse-stream`, {
    method: "POST",
    headers: { authorization: `Bearer ${testKey}`, "content-type": "application/json" },
    body: JSON.stringify(body),
  });
  return Buffer.from(await response.arrayBuffer());
}

test("a call goes to Bedrock byte for byte, signed, and its answer comes back unchanged", async () => {
  await start();
  const answer = { output: { message: { role: "assistant", content: [{ text: "Hello." }] } }, stopReason: "end_turn", usage: { inputTokens: 3, outputTokens: 2 } };
  upstream.answer = (_request, res) => sendJson(res, answer);
  const reply = await gateway.call("/model/nova/converse", hello);
  expect(reply.status, reply.text).toBe(200);
  expect(reply.body).toEqual(answer);
  const [seen] = upstream.seen;
  expect(seen!.path).toBe("/model/eu.amazon.nova-pro-v1%3A0/converse");
  expect(seen!.body.toString()).toBe(JSON.stringify(hello));
  expect(isSigned(seen!, secretAccessKey)).toBe(true);
  expect(gateway.evidence.of("call.outcome")[0]!.summary?.tokens).toEqual({ input: 3, output: 2 });
});

const wipe = converseStream([
  { messageStart: { role: "assistant" } },
  { contentBlockDelta: { contentBlockIndex: 0, delta: { text: "Let me" } } },
  { contentBlockStop: { contentBlockIndex: 0 } },
  { contentBlockStart: { contentBlockIndex: 1, start: { toolUse: { toolUseId: "t", name: "disk_wipe" } } } },
  { contentBlockDelta: { contentBlockIndex: 1, delta: { toolUse: { input: '{"path":' } } } },
  { contentBlockDelta: { contentBlockIndex: 1, delta: { toolUse: { input: '"/"}' } } } },
  { contentBlockStop: { contentBlockIndex: 1 } },
  { messageStop: { stopReason: "tool_use" } },
]);

test("a tool that nobody granted never leaves; the stream ends in an exception of its own kind", async () => {
  await start();
  const bytes = await streamed(wipe);
  expect(bytes.toString()).not.toContain("toolUse");
  const last = new AwsMessages(1 << 20).push(bytes).at(-1)!;
  expect([last.kind, last.type]).toEqual(["exception", "validationException"]);
  expect(JSON.parse(last.payload)).toMatchObject({ code: "unknown_tool", message: expect.stringContaining("not in the register") as unknown });
  expect(gateway.evidence.terminals()).toEqual(["blocked"]);
});

test("granted, it is decided on its whole arguments and passes byte for byte, in every mode", async () => {
  for (const mode of ["pass", "window", "full"] as const) {
    await start([testTool("disk.wipe", { output: "trusted" })], mode);
    expect((await streamed(wipe)).equals(wipe)).toBe(true);
    const { tools } = gateway.evidence.of("call.outcome")[0]!.payload as { tools: { request: { input: unknown } }[] };
    expect(tools.map((tool) => tool.request.input)).toEqual([{ path: "/" }]);
    await gateway.close();
  }
});

test("cut at every byte, no piece of a call leaves that was not granted, and each call ends once", async () => {
  await start();
  for (let at = 0; at < wipe.length; at += 7) {
    const bytes = await streamed(wipe.subarray(0, at));
    expect(bytes.toString()).not.toContain("toolUse");
    for (const message of new AwsMessages(1 << 20).push(bytes)) expect(message.kind).toMatch(/event|exception/);
  }
  expect(gateway.evidence.terminals()).toHaveLength(Math.ceil(wipe.length / 7));
});

test("a provider's exception passes in its own frame", async () => {
  await start();
  const wire = Buffer.concat([converseStream([{ messageStart: { role: "assistant" } }]), awsException("throttlingException", "slow down")]);
  expect((await streamed(wire)).equals(wire)).toBe(true);
});

test("a refusal speaks as AWS does", async () => {
  await start();
  const reply = await gateway.call("/model/other/converse", hello);
  expect([reply.status, reply.headers.get("x-amzn-errortype"), reply.body.code]).toEqual([403, "AccessDeniedException", "not_granted"]);
  expect(reply.body.remedies.length).toBeGreaterThan(0);
  for (const path of ["/model/nova/invoke", "/model/a%3Ab/converse", "/model/nova/converse/x"])
    expect((await gateway.call(path, hello)).status, path).toBe(501);
});

describe("what the provider would do by itself", () => {
  const refused: [string, object, number][] = [
    ["a system tool", { ...hello, toolConfig: { tools: [{ systemTool: { name: "nova_grounding" } }] } }, 403],
    ["a tool nobody has heard of", { ...hello, toolConfig: { tools: [{ quantumLeap: {} }] } }, 403],
    ["a document it fetches", { messages: [{ role: "user", content: [{ document: { name: "d", source: { s3Location: { uri: "s3://b/k" } } } }] }] }, 403],
    ["a model's own field that could be anything", { ...hello, additionalModelRequestFields: { tools: [{ type: "web_search_20250305" }] } }, 403],
    ["a stored prompt", { ...hello, promptVariables: { a: { text: "x" } } }, 422],
  ];
  for (const [what, body, status] of refused)
    test(`${what} is refused in T0 too`, async () => {
      await start();
      const reply = await gateway.call("/model/nova/converse", body);
      expect(reply.status, reply.text).toBe(status);
      expect(upstream.connections).toBe(0);
    });
});

const folder = process.env.MANDATE_CORPORA === undefined ? undefined : join(process.env.MANDATE_CORPORA, "sse", "bedrock");
const files = folder !== undefined && existsSync(folder) ? readdirSync(folder).filter((file) => file.endsWith(".chunks.txt")) : [];
if (files.length === 0) console.warn("MANDATE_CORPORA is not set: recorded Bedrock streams are not replayed");

describe.skipIf(files.length === 0)("recorded streams", () => {
  test.each(files)("come through byte for byte with their tools granted, and not at all without: %s", async (file) => {
    const lines = readFileSync(join(folder!, file), "utf8").split("\n").filter((line) => line.trim() !== "");
    const wire = converseStream(lines.map((line) => JSON.parse(line) as Record<string, unknown>));
    const names = [...new Set([...wire.toString().matchAll(/"name":"([^"]+)"/g)].map((match) => match[1]!))];
    await start(names.map((name) => testTool(name, { names: [name], output: "trusted" })));
    expect((await streamed(wire)).equals(wire)).toBe(true);
    expect(gateway.evidence.terminals()).toEqual(["done"]);
    if (names.length === 0) return;
    await gateway.close();
    await start();
    expect((await streamed(wire)).toString()).not.toContain("toolUseId");
    expect(gateway.evidence.terminals()).toEqual(["blocked"]);
  });
});
