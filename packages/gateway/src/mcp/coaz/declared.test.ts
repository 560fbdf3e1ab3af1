import { afterEach, beforeEach, expect, test } from "vitest";
import { startTestGateway, type TestGateway } from "../../testing/gateway.ts";
import { mcpSnapshot, methodTools, pinnedTools, testServer } from "../../testing/mcp.ts";
import { plainTool, type ScriptedServer, startScriptedServer } from "../../testing/mcp-scripted.ts";

// OpenID AuthZEN's COAZ binding for MCP: a server says of its tool which question a call must be allowed by.

let server: ScriptedServer;
let gateway: TestGateway;
beforeEach(async () => {
  server = await startScriptedServer();
});
afterEach(async () => {
  await gateway?.close();
  await server.close();
});

const mapping = (resource: unknown) => ({ inputSchema: { type: "object", properties: { folder: { type: "string" } }, "x-authzen-mapping": { evaluation: { subject: { type: "identity", id: "$token.sub" }, action: { name: "list" }, resource, context: { agent: "$token.?client_id" } } } } });
const byFolder = mapping({ type: "folder", id: "$params.arguments.folder" });
const cedar = `
  @id("folders") permit (principal is External::identity, action == External::Action::"list", resource is External::folder) when { ["public", "team"].contains(resource.name) };
  @id("no-secrets") @because("Nobody lists the vault.") forbid (principal, action == External::Action::"list", resource == External::folder::"vault");`;
const named = ["public", "team", "vault"].map((name) => ({ type: "folder", name, properties: { name } }));

async function start(tool: Record<string, unknown>): Promise<void> {
  server.tools = [plainTool("list_folder", tool)];
  const snapshot = mcpSnapshot([testServer("files", { url: server.url })], [...pinnedTools("files", server.tools), ...methodTools("files")]);
  gateway = await startTestGateway({ ...snapshot, facts: { ...snapshot.facts, externals: named, policies: [...snapshot.facts.policies, { name: "folders", version: 1, cedar }] } });
}
async function call(args: Record<string, unknown>) {
  const headers = { accept: "application/json, text/event-stream", "mcp-protocol-version": "2026-07-28", "mcp-method": "tools/call", "mcp-name": "list_folder" };
  const meta = { "io.modelcontextprotocol/protocolVersion": "2026-07-28", "io.modelcontextprotocol/clientCapabilities": {} };
  const reply = await gateway.call("/mcp/files", { jsonrpc: "2.0", id: 1, method: "tools/call", params: { name: "list_folder", arguments: args, _meta: meta } }, headers);
  return reply.body ?? JSON.parse(reply.text.match(/^data: (.*)$/gm)?.at(-1)?.slice(6) ?? "null");
}

test("a call runs where the question is allowed, and its intent says what was asked and by which rule", async () => {
  await start(byFolder);
  expect((await call({ folder: "public" })).result).toMatchObject({ content: [{ text: "the result of it" }] });
  expect(gateway.evidence.of("call.intent").at(-1)!.payload).toMatchObject({ mapped: [{ action: "list", resource: "folder:public", rule: "folders" }] });
});

test("it is denied with -32001 where a rule forbids it or none permits it, with the reason, and nothing reaches the server", async () => {
  await start(byFolder);
  const forbidden = await call({ folder: "vault" });
  expect(forbidden.error).toMatchObject({ code: -32_001, message: expect.stringContaining("list on folder:vault: Nobody lists the vault."), data: { code: "policy" } });
  expect((await call({ folder: "elsewhere" })).error.code).toBe(-32_001);
  expect(server.calls()).toEqual([]);
  expect(gateway.evidence.of("decision").map((one) => one.outcome)).toEqual(["deny", "deny"]);
});

test("a call for which the mapping gives no question is -32602 and doesn't run", async () => {
  await start(byFolder);
  expect((await call({})).error).toMatchObject({ code: -32_602, message: expect.stringContaining("no such key `folder`") });
  expect(server.calls()).toEqual([]);
});

test("a mapping that names somebody else as the subject, or is malformed, lets nothing run", async () => {
  const schema = byFolder.inputSchema;
  await start({ inputSchema: { ...schema, "x-authzen-mapping": { evaluation: { ...schema["x-authzen-mapping"].evaluation, subject: { id: "admin" } } } } });
  expect((await call({ folder: "public" })).error).toMatchObject({ code: -32_602, message: expect.stringContaining("subject.id") });
  await gateway.close();
  await start({ inputSchema: { ...schema, "x-authzen-mapping": { allow: true } } });
  expect((await call({ folder: "public" })).error.code).toBe(-32_602);
  expect(server.calls()).toEqual([]);
});

test("it only narrows: what our own rules refuse is refused, whatever the server declares", async () => {
  await start(mapping({ type: "folder", id: "public" }));
  const granted = gateway;
  server.tools = [plainTool("list_folder", mapping({ type: "folder", id: "public" }))];
  const snapshot = mcpSnapshot([testServer("files", { url: server.url })], [...pinnedTools("files", server.tools), ...methodTools("files")], { granted: [] });
  gateway = await startTestGateway({ ...snapshot, facts: { ...snapshot.facts, externals: named, policies: [...snapshot.facts.policies, { name: "folders", version: 1, cedar }] } });
  expect((await call({ folder: "public" })).error).toMatchObject({ code: -32_001, data: { code: "not_granted" } });
  expect(server.calls()).toEqual([]);
  await granted.close();
});
