import { connect } from "node:net";
import type { Protocol } from "@mandate/model";
import type { GatewayLimits } from "../options.ts";
import { surfaceCells } from "./cells.ts";
import { testFacts, testKey, testModel, testSnapshot, testSystem, testTool } from "./facts.ts";
import { startTestGateway, type TestGateway } from "./gateway.ts";
import { methodTools, pinnedTools, testServer } from "./mcp.ts";
import { plainTool } from "./mcp-scripted.ts";

/** One way in: every surface that takes a body, with a body that it understands. */
export interface Door {
  readonly title: string;
  readonly path: string;
  readonly headers: Readonly<Record<string, string>>;
  readonly body: Readonly<Record<string, unknown>>;
  readonly protocol: Protocol;
}

const question = { subject: { type: "system", id: "notes" }, action: { name: "tool.call" }, resource: { type: "tool", id: "orders.lookup" }, context: { input: {} } };
const json = { "content-type": "application/json" };

export const doors: readonly Door[] = [
  ...surfaceCells.map(({ title, path, ask, surface }): Door => ({ title, path: path(false), headers: json, body: ask(false), protocol: surface.protocols[0]! })),
  { title: "MCP", path: "/mcp/files", headers: { ...json, accept: "application/json, text/event-stream" }, body: { jsonrpc: "2.0", id: 1, method: "tools/call", params: { name: "read", arguments: {} } }, protocol: "openai" },
  { title: "AuthZEN evaluation", path: "/access/v1/evaluation", headers: json, body: question, protocol: "openai" },
  { title: "AuthZEN evaluations", path: "/access/v1/evaluations", headers: json, body: { ...question, evaluations: [{}] }, protocol: "openai" },
];

/** A gateway in which the test key's system was granted what every door's own body asks for. */
export function startDoors(endpoint: string, protocol: Protocol, limits: Partial<GatewayLimits> = {}): Promise<TestGateway> {
  const tools = [testTool("orders.lookup", { output: "trusted" }), ...pinnedTools("files", [plainTool("read")]), ...methodTools("files")];
  const grants = { models: ["m"], tools: tools.map(({ name }) => name), datasets: [], prompts: [], destinations: [] };
  const models = [testModel(endpoint, { name: "m", upstream: "m", served: ["m"], protocol })];
  // Behind the same socket as the model: what reaches any of them is seen.
  const mcpServers = [testServer("files", { url: `${new URL(endpoint).origin}/mcp` })];
  return startTestGateway(testSnapshot(testFacts(endpoint, testSystem("T0", { grants }), { models, tools, mcpServers })), { limits });
}

/** The refusal's code, wherever its protocol puts it. */
export function codeOf(text: string): string | null {
  return /"code":"([a-z_]+)"/.exec(text)?.[1] ?? null;
}

/** A request in bytes, as no client library would send it; everything that comes back until the connection ends. */
export function sendRaw(port: number, { path, headers }: Pick<Door, "path" | "headers">, more: Readonly<Record<string, string>>, body: string | Buffer): Promise<string> {
  const head = Object.entries({ host: "localhost", authorization: `Bearer ${testKey}`, ...headers, ...more }).map(([name, value]) => `${name}: ${value}\r\n`).join("");
  return new Promise((resolve) => {
    const socket = connect(port, "127.0.0.1", () => {
      socket.write(`POST ${path} HTTP/1.1\r\n${head}\r\n`);
      socket.write(body);
    });
    let text = "";
    socket.on("data", (chunk) => (text += chunk.toString()));
    socket.on("error", () => undefined);
    socket.on("close", () => resolve(text));
  });
}
