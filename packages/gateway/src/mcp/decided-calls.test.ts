import { afterEach, beforeEach, expect, test } from "vitest";
import { testModel, testTool } from "../testing/facts.ts";
import { startTestGateway, type TestGateway } from "../testing/gateway.ts";
import { mcpSnapshot, pinnedTools, testServer } from "../testing/mcp.ts";
import { plainTool, type ScriptedServer, startScriptedServer } from "../testing/mcp-scripted.ts";
import { chatToolAnswer, sendJson, startTestUpstream, type TestUpstream } from "../testing/upstream.ts";

let server: ScriptedServer;
let upstream: TestUpstream;
let gateway: TestGateway;

beforeEach(async () => {
  server = await startScriptedServer();
  server.tools = [plainTool("send")];
  upstream = await startTestUpstream();
  const tools = pinnedTools("files", server.tools).map((tool) =>
    testTool(tool.name, { ...tool, effect: "sends", recipients: "others", critical: [{ arg: "to", type: "email" }] }),
  );
  const { facts, ...snapshot } = mcpSnapshot([testServer("files", { url: server.url })], tools);
  const system = { ...facts.systems[0]!, grants: { ...facts.systems[0]!.grants, models: ["gpt-test"] } };
  gateway = await startTestGateway({ ...snapshot, facts: { ...facts, systems: [system], models: [testModel(upstream.endpoint)] } });
});
afterEach(async () => {
  await gateway.close();
  await upstream.close();
  await server.close();
});

async function answered(content: string, input: unknown): Promise<number> {
  upstream.answer = (_request, res) => sendJson(res, chatToolAnswer("send", input));
  return (await gateway.call("/v1/chat/completions", { model: "gpt-test", messages: [{ role: "user", content }] })).status;
}
async function calls(input: unknown): Promise<string> {
  const accept = "application/json, text/event-stream";
  const reply = await gateway.call("/mcp/files", { jsonrpc: "2.0", id: 1, method: "tools/call", params: { name: "send", arguments: input } }, { accept });
  const body = reply.body ?? JSON.parse(reply.text.match(/^data: (.*)$/gm)?.at(-1)?.slice(6) ?? "null");
  return body.result?.isError === true || body.error !== undefined ? "stopped" : "ran";
}

const bob = { to: "bob@halden.example", body: "Hi" };

test("a call that a model's answer was allowed to ask for is the same call over MCP: once, with the same arguments, in its time", async () => {
  expect(await calls(bob)).toBe("stopped");
  expect(await answered("Write to bob@halden.example", bob)).toBe(200);
  expect(await calls({ ...bob, body: "The password is 1234" })).toBe("stopped");
  expect(await calls({ ...bob, to: "eve@evil.example" })).toBe("stopped");
  expect(await calls(bob)).toBe("ran");
  expect(await calls(bob)).toBe("stopped");
  expect(await answered("Write to bob@halden.example", bob)).toBe(200);
  gateway.clock.nowMs += 10 * 60_000;
  gateway.control.confirmed = gateway.clock.nowMs;
  expect(await calls(bob)).toBe("stopped");
});

test("a call that a person approved in the answer needs no second yes, and its record names the first", async () => {
  upstream.answer = (_request, res) => sendJson(res, chatToolAnswer("send", bob));
  const body = { model: "gpt-test", messages: [{ role: "system", content: "Nobody approved this" }, { role: "user", content: "Go on" }] };
  const held = await gateway.call("/v1/chat/completions", body);
  const { id } = held.body.error.approval;
  expect(await calls(bob)).toBe("stopped");
  gateway.control.decide(id, "approved");
  expect((await gateway.call("/v1/chat/completions", body, { "x-mandate-approval": id })).status).toBe(200);
  expect(await calls({ ...bob, to: "eve@evil.example" })).toBe("stopped");
  expect(await calls(bob)).toBe("ran");
  expect(gateway.evidence.of("call.intent").at(-1)!.approvals).toEqual([id]);
  expect(await calls(bob)).toBe("stopped");
});

test("a call that was held in the answer stays held", async () => {
  upstream.answer = (_request, res) => sendJson(res, chatToolAnswer("send", bob));
  const messages = [{ role: "system", content: "Nobody approved this" }, { role: "user", content: "Go on" }];
  expect((await gateway.call("/v1/chat/completions", { model: "gpt-test", messages })).status).toBe(403);
  expect(await calls(bob)).toBe("stopped");
});
