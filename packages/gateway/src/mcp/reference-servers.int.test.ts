import { chmod, mkdir, mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { Client } from "@modelcontextprotocol/sdk/client/index.js";
import { StdioClientTransport } from "@modelcontextprotocol/sdk/client/stdio.js";
import { Client as StatelessClient, StreamableHTTPClientTransport as StatelessTransport } from "@modelcontextprotocol/client";
import { afterAll, afterEach, beforeAll, describe, expect, test } from "vitest";
import { testKey } from "../testing/facts.ts";
import { startTestGateway, type TestGateway } from "../testing/gateway.ts";
import { connect, mcpSnapshot, methodTools, pinnedTools, programOf, startEverything, testServer } from "../testing/mcp.ts";
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

/** Calls in their order: a tool and its arguments. */
type Script = readonly (readonly [tool: string, args: Record<string, unknown>])[];

/** What each call came to, an error as its code and words. */
async function played(client: Client, script: Script): Promise<unknown[]> {
  const results: unknown[] = [];
  for (const [name, args] of script)
    results.push(
      await client.callTool({ name, arguments: args }).then(
        ({ _meta: _m, ...result }) => result,
        (error: { code?: unknown; message?: unknown }) => [error.code, error.message],
      ),
    );
  return results;
}

const definitions = async (client: Client): Promise<unknown> => (await client.listTools()).tools.map(({ name, title, description, inputSchema, outputSchema, annotations }) => ({ name, title, description, inputSchema, outputSchema, annotations })).toSorted((a, b) => a.name.localeCompare(b.name));

describe("the reference servers answer through the gateway as they do directly: tools, results, errors", () => {
  let folder: string;
  beforeAll(async () => {
    folder = await mkdtemp(join(tmpdir(), "mandate-reference-"));
    for (const name of ["direct", "through"]) {
      await mkdir(join(folder, name));
      await writeFile(join(folder, name, "a.txt"), "first line\nsecond line\n");
      // A supervised server runs as a user of its own where this runs as root.
      for (const path of [folder, join(folder, name)]) await chmod(path, 0o777);
      await chmod(join(folder, name, "a.txt"), 0o666);
    }
  });
  afterAll(() => rm(folder, { recursive: true, force: true }));

  /** The same script at a process of one's own and at the gateway's, each in a folder of its own. */
  async function compared(name: string, line: (own: string) => readonly string[], env: (own: string) => Record<string, string>, script: (own: string) => Script): Promise<{ direct: string; through: string; calls: number }> {
    const [command, ...args] = line(join(folder, "direct"));
    const own = new Client({ name: "test", version: "1" });
    await own.connect(new StdioClientTransport({ command: command!, args, env: env(join(folder, "direct")), stderr: "ignore" }));
    const offeredHere = (await own.listTools()).tools;
    const direct = [await definitions(own), await played(own, script(join(folder, "direct")))];
    await own.close();
    const [at, ...more] = line(join(folder, "through"));
    gateway = await startTestGateway(
      mcpSnapshot([testServer(name, { process: { command: at!, args: more, env: env(join(folder, "through")) } })], [...pinnedTools(name, offeredHere), ...methodTools(name)], { snapshot: { mcpCommands: [[at!, ...more]] } }),
      { mcpProcesses: true },
    );
    const client = await connect(`${gateway.url}/mcp/${name}`);
    const through = [await definitions(client), await played(client, script(join(folder, "through")))];
    await client.close();
    const calls = gateway.evidence.of("call.outcome").filter((one) => one.summary?.resource?.startsWith("tool:") === true && one.terminal === "done").length;
    return { direct: JSON.stringify(direct, null, 1).replaceAll(join(folder, "direct"), "DIR"), through: JSON.stringify(through, null, 1).replaceAll(join(folder, "through"), "DIR"), calls };
  }

  test("filesystem", async () => {
    const script = (own: string): Script => [
      ["list_allowed_directories", {}],
      ["read_text_file", { path: join(own, "a.txt"), head: 1 }],
      ["create_directory", { path: join(own, "more") }],
      ["write_file", { path: join(own, "more", "b.txt"), content: "größer ✓" }],
      ["read_multiple_files", { paths: [join(own, "a.txt"), join(own, "more", "b.txt"), join(own, "none.txt")] }],
      ["edit_file", { path: join(own, "a.txt"), edits: [{ oldText: "second", newText: "other" }], dryRun: true }],
      // One name in a folder at a time: in which order a file system lists them is its own affair.
      ["list_directory", { path: join(own, "more") }],
      ["directory_tree", { path: join(own, "more") }],
      ["move_file", { source: join(own, "more", "b.txt"), destination: join(own, "c.txt") }],
      ["search_files", { path: own, pattern: "**/c.txt" }],
      ["read_text_file", { path: "/etc/hostname" }],
      ["read_text_file", { path: join(own, "..", "elsewhere.txt") }],
      ["read_text_file", { wrong: true }],
    ];
    const { direct, through, calls } = await compared("files", (own) => [process.execPath, programOf("@modelcontextprotocol/server-filesystem"), own], () => ({}), script);
    expect(through).toBe(direct);
    expect(through).toContain("größer ✓");
    expect(through).toContain("Access denied");
    expect(calls).toBe(script("").length);
  });

  test("memory", async () => {
    const entity = (name: string) => ({ name, entityType: "person", observations: [`${name} likes tea`] });
    const script = (): Script => [
      ["read_graph", {}],
      ["create_entities", { entities: [entity("Ann"), entity("Ben")] }],
      ["create_relations", { relations: [{ from: "Ann", to: "Ben", relationType: "knows" }] }],
      ["add_observations", { observations: [{ entityName: "Ann", contents: ["moved to Graz"] }] }],
      ["add_observations", { observations: [{ entityName: "Nobody", contents: ["x"] }] }],
      ["search_nodes", { query: "graz" }],
      ["open_nodes", { names: ["Ben"] }],
      ["delete_entities", { entityNames: ["Ben"] }],
      ["read_graph", {}],
    ];
    const { direct, through, calls } = await compared("memory", () => [process.execPath, programOf("@modelcontextprotocol/server-memory")], (own) => ({ MEMORY_FILE_PATH: join(own, "memory.jsonl") }), script);
    expect(through).toBe(direct);
    expect(through).toContain("moved to Graz");
    expect(calls).toBe(script().length);
  });

  test("everything", async () => {
    const script: Script = [
      ["echo", { message: "hello" }],
      ["echo", { message: 7 }],
      ["get-sum", { a: 1, b: 2 }],
      ["get-structured-content", { location: "New York" }],
      ["get-annotated-message", { messageType: "error", includeImage: false }],
      ["get-resource-links", { count: 2 }],
      ["no-such-tool", {}],
    ];
    const own = await connect(everything.url, {});
    const [there, direct] = [(await own.listTools()).tools.map(({ name }) => name).toSorted(), await played(own, script)];
    await own.close();
    const client = await start();
    expect((await client.listTools()).tools.map(({ name }) => name).toSorted()).toEqual(there);
    const through = await played(client, script);
    // A tool that is in no register is refused in our words, not run to see what the server says.
    expect(through.slice(0, -1)).toEqual(direct.slice(0, -1));
    expect(through.at(-1)).toMatchObject({ isError: true, structuredContent: { code: "unknown_tool" } });
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
