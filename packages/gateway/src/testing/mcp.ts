import { spawn } from "node:child_process";
import { createRequire } from "node:module";
import { createServer } from "node:net";
import type { AddressInfo } from "node:net";
import { dirname, join } from "node:path";
import type { McpServerFacts, SystemFacts, ToolFacts } from "@mandate/model";
import { mcpMethodName, mcpMethodTools } from "@mandate/model";
import { Client } from "@modelcontextprotocol/sdk/client/index.js";
import { StreamableHTTPClientTransport } from "@modelcontextprotocol/sdk/client/streamableHttp.js";
import { offeredTools } from "../mcp/definitions.ts";
import type { Snapshot } from "../snapshot.ts";
import { testFacts, testKey, testSnapshot, testSystem, testTool } from "./facts.ts";

/** The program of an installed package. */
export function programOf(name: string): string {
  const require = createRequire(import.meta.url);
  const manifest = require.resolve(`${name}/package.json`);
  const { bin } = require(manifest) as { bin: Record<string, string> | string };
  return join(dirname(manifest), typeof bin === "string" ? bin : Object.values(bin)[0]!);
}

export async function freePort(): Promise<number> {
  const server = createServer();
  await new Promise<void>((done) => server.listen(0, "127.0.0.1", done));
  const { port } = server.address() as AddressInfo;
  await new Promise((done) => server.close(done));
  return port;
}

/** The reference server with everything in it, on streamable HTTP. */
export async function startEverything(): Promise<{ url: string; close(): Promise<void> }> {
  const port = await freePort();
  const child = spawn(process.execPath, [programOf("@modelcontextprotocol/server-everything"), "streamableHttp"], { env: { PORT: String(port) }, stdio: ["ignore", "pipe", "pipe"] });
  const exited = new Promise<void>((done) => child.once("exit", () => done()));
  await new Promise<void>((done, fail) => {
    const look = (chunk: Buffer): void => {
      if (chunk.toString().includes("listening")) done();
    };
    child.stdout.on("data", look);
    child.stderr.on("data", look);
    child.once("exit", (code) => fail(new Error(`the everything server ended with ${code}`)));
  });
  return {
    url: `http://127.0.0.1:${port}/mcp`,
    close: async () => {
      child.kill("SIGKILL");
      await exited;
    },
  };
}

export function testServer(name: string, changes: Partial<McpServerFacts> = {}): McpServerFacts {
  return { name, url: null, vendor: null, region: "EEA", credential: null, ...changes };
}

/** Tools as the register knows them once `tools/list` of a server was pinned. */
export function pinnedTools(server: string, tools: unknown, changes: Partial<ToolFacts> = {}): ToolFacts[] {
  return offeredTools(tools)!.map(({ tool, hash, definition }) => testTool(tool, { names: [tool], server, pinned: hash, definition, ...changes }));
}

export function methodTools(server: string): ToolFacts[] {
  return Object.entries(mcpMethodTools).map(([method, effect]) => testTool(mcpMethodName(server, method as keyof typeof mcpMethodTools), { names: [], server, effect }));
}

/** A register in which one system was granted these tools. */
export function mcpSnapshot(servers: readonly McpServerFacts[], tools: readonly ToolFacts[], changes: { system?: Partial<SystemFacts>; snapshot?: Partial<Snapshot>; granted?: readonly string[] } = {}): Snapshot {
  const granted = changes.granted ?? tools.map((tool) => tool.name);
  const system = testSystem("T1", { grants: { models: ["gpt-test"], tools: granted, datasets: [], prompts: [], destinations: [] }, ...changes.system });
  return testSnapshot(testFacts("http://127.0.0.1:1/v1", system, { tools, mcpServers: servers }), changes.snapshot);
}

/** The real SDK's client. */
export async function connect(url: string, headers: Record<string, string> = { authorization: `Bearer ${testKey}` }, client = new Client({ name: "test", version: "1" })): Promise<Client> {
  await client.connect(new StreamableHTTPClientTransport(new URL(url), { requestInit: { headers } }));
  return client;
}
