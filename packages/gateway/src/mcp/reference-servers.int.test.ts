import { Client as StatelessClient, StreamableHTTPClientTransport as StatelessTransport } from "@modelcontextprotocol/client";
import { afterAll, afterEach, beforeAll, describe, expect, test } from "vitest";
import { testKey } from "../testing/facts.ts";
import { startTestGateway, type TestGateway } from "../testing/gateway.ts";
import { connect, mcpSnapshot, methodTools, pinnedTools, startEverything, testServer } from "../testing/mcp.ts";
import { startScriptedServer } from "../testing/mcp-scripted.ts";

let everything: Awaited<ReturnType<typeof startEverything>>;
let offered: unknown;
let gateway: TestGateway;

beforeAll(async () => {
  everything = await startEverything();
  const client = await connect(everything.url, {});
  offered = (await client.listTools()).tools;
  await client.close();
});
afterAll(() => everything.close());
afterEach(() => gateway.close());

async function start(granted?: string[]) {
  const tools = [...pinnedTools("everything", offered), ...methodTools("everything")];
  gateway = await startTestGateway(mcpSnapshot([testServer("everything", { url: everything.url })], tools, granted === undefined ? {} : { granted }));
  return connect(`${gateway.url}/mcp/everything`);
}

describe("the everything server through the gateway", () => {
  test("its tools, resources, prompts and completions work with the real client, each call with its intent and outcome", async () => {
    const client = await start();
    const { tools } = await client.listTools();
    expect(tools.map((tool) => tool.name)).toContain("echo");
    expect(await client.callTool({ name: "echo", arguments: { message: "hello" } })).toMatchObject({ content: [{ type: "text", text: "Echo: hello" }] });
    const { resources } = await client.listResources();
    expect(resources.length).toBeGreaterThan(0);
    expect((await client.readResource({ uri: resources[0]!.uri })).contents.length).toBe(1);
    const { prompts } = await client.listPrompts();
    expect((await client.getPrompt({ name: prompts[0]!.name })).messages.length).toBeGreaterThan(0);
    await client.ping();
    const intents = gateway.evidence.of("call.intent").map((entry) => entry.payload?.method);
    expect(intents).toEqual(["initialize", "GET", "tools/call", "resources/list", "resources/read", "prompts/list", "prompts/get"]);
    await client.close();
  });

  test("what was not granted is neither listed nor run", async () => {
    const client = await start(["echo"]);
    expect((await client.listTools()).tools.map((tool) => tool.name)).toEqual(["echo"]);
    await expect(client.callTool({ name: "get-sum", arguments: { a: 1, b: 2 } })).rejects.toMatchObject({ code: -32_001, data: { code: "not_granted" } });
    expect(client.getServerCapabilities()).not.toHaveProperty("resources");
    await expect(client.readResource({ uri: "demo://resource/static/document/features.md" })).rejects.toThrow();
    await client.close();
  });
});

test("the real client of revision 2026-07-28 discovers, lists and calls without a session", async () => {
  const server = await startScriptedServer();
  server.call = () => ({ resultType: "complete", content: [{ type: "text", text: "the result of it" }] });
  gateway = await startTestGateway(mcpSnapshot([testServer("files", { url: server.url })], pinnedTools("files", server.tools)));
  const client = new StatelessClient({ name: "t", version: "1" }, { versionNegotiation: { mode: { pin: "2026-07-28" } } });
  await client.connect(new StatelessTransport(new URL(`${gateway.url}/mcp/files`), { requestInit: { headers: { authorization: `Bearer ${testKey}` } } }));
  expect((await client.listTools()).tools).toEqual(server.tools);
  expect(await client.callTool({ name: "read", arguments: {} })).toMatchObject({ content: [{ text: "the result of it" }] });
  const sent = server.seen.map(({ headers, message }) => [message?.method, headers["mcp-protocol-version"], headers["mcp-method"], headers["mcp-name"], headers["mcp-session-id"]]);
  expect(sent).toEqual([
    ["server/discover", "2026-07-28", "server/discover", undefined, undefined],
    ["tools/list", "2026-07-28", "tools/list", undefined, undefined],
    ["tools/call", "2026-07-28", "tools/call", "read", undefined],
  ]);
  await client.close();
  await server.close();
});
