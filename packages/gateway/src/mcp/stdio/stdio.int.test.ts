import { chmod, mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, afterEach, beforeAll, describe, expect, test } from "vitest";
import { testKey } from "../../testing/facts.ts";
import { startTestGateway, type TestGateway } from "../../testing/gateway.ts";
import { connect, mcpSnapshot, pinnedTools, testServer } from "../../testing/mcp.ts";
import { plainTool } from "../../testing/mcp-scripted.ts";
import { askProcess } from "./ask-process.ts";
import { uidOf } from "./process.ts";

/** A server on standard input and output; `mode` is what its one tool does. */
const program = `
const lines = require("node:readline").createInterface({ input: process.stdin });
const say = (message) => process.stdout.write(JSON.stringify(message) + "\\n");
lines.on("line", (line) => {
  const { id, method, params } = JSON.parse(line);
  if (id === undefined || method === undefined) return;
  const reply = (result) => say({ jsonrpc: "2.0", id, result });
  if (method === "initialize") return reply({ protocolVersion: "2025-11-25", capabilities: { tools: {} }, serverInfo: { name: "stdio", version: "1" } });
  if (method === "tools/list") return reply({ tools: ${JSON.stringify([plainTool("run")])} });
  const { mode } = params.arguments ?? {};
  if (mode === "crash") process.exit(3);
  if (mode === "flood") return setInterval(() => process.stdout.write("x".repeat(65536)), 1);
  if (mode === "garbage") return process.stdout.write("this is no JSON\\n");
  if (mode === "child") require("node:child_process").spawn(process.execPath, ["-e", "setInterval(() => 0, 1000)"]).once("spawn", function () { reply({ content: [{ type: "text", text: String(this.pid) }] }); });
  else if (mode === "noise") { process.stderr.write("e".repeat(1e6)); reply({ content: [{ type: "text", text: "ok" }] }); }
  else reply({ content: [{ type: "text", text: JSON.stringify({ env: process.env, uid: process.getuid?.(), pid: process.pid, cwd: process.cwd() }) }] });
});
`;

let directory: string;
let gateway: TestGateway;
let line: readonly string[];
beforeAll(async () => {
  directory = await mkdtemp(join(tmpdir(), "mandate-stdio-"));
  await chmod(directory, 0o755);
  await writeFile(join(directory, "server.cjs"), program);
  line = [process.execPath, join(directory, "server.cjs")];
});
afterAll(() => rm(directory, { recursive: true, force: true }));
afterEach(() => gateway.close());

async function start(changes: { mcpProcesses?: boolean; allow?: readonly (readonly string[])[] } = {}): Promise<void> {
  const process = { command: line[0]!, args: line.slice(1), env: { GREETING: "hi" } };
  gateway = await startTestGateway(mcpSnapshot([testServer("local", { process })], pinnedTools("local", [plainTool("run")]), { snapshot: { mcpCommands: changes.allow ?? [line] } }), {
    limits: { maxMcpMessageBytes: 256 * 1024 },
    mcpProcesses: changes.mcpProcesses ?? true,
  });
}

const text = (result: unknown): string => (result as { content: { text: string }[] }).content[0]!.text;
const run = async (client: Awaited<ReturnType<typeof connect>>, mode: string) => client.callTool({ name: "run", arguments: { mode } });
const isAlive = (pid: number): boolean => {
  try {
    process.kill(pid, 0);
    return true;
  } catch {
    return false;
  }
};

describe("a server that is a process", () => {
  test("has an environment of its own entry alone and, under root, a user of its own", async () => {
    await start();
    const client = await connect(`${gateway.url}/mcp/local`);
    const { env, uid, cwd } = JSON.parse(text(await run(client, "who"))) as { env: Record<string, string>; uid: number; cwd: string };
    expect([env, cwd]).toEqual([{ GREETING: "hi" }, "/"]);
    expect(uid).toBe(process.getuid?.() === 0 ? uidOf("local") : process.getuid?.());
    expect(text(await run(client, "noise"))).toBe("ok");
    await client.close();
  });

  test("ends with its session, with what it started", async () => {
    await start();
    const client = await connect(`${gateway.url}/mcp/local`);
    const child = Number(text(await run(client, "child")));
    const { pid } = JSON.parse(text(await run(client, "who"))) as { pid: number };
    expect([isAlive(pid), isAlive(child)]).toEqual([true, true]);
    await gateway.gateway.close();
    await expect.poll(() => isAlive(pid) || isAlive(child), { timeout: 4000 }).toBe(false);
    await client.close();
  });

  test("is started again after it ended, not before its back-off is over, and the client's session goes on", async () => {
    await start();
    const client = await connect(`${gateway.url}/mcp/local`);
    await expect(run(client, "crash")).rejects.toThrow();
    await expect(run(client, "who")).rejects.toThrow();
    gateway.clock.nowMs += 1000;
    expect(text(await run(client, "who"))).toContain("GREETING");
    expect(gateway.evidence.terminals()).toContain("upstream_cut");
    await client.close();
  });

  test("that floods, or writes what is no message, costs its own call alone", async () => {
    await start();
    const flooding = await connect(`${gateway.url}/mcp/local`);
    await expect(run(flooding, "flood")).rejects.toThrow();
    gateway.clock.nowMs += 60_000;
    const other = await connect(`${gateway.url}/mcp/local`);
    await expect(run(other, "garbage")).rejects.toThrow();
    expect(text(await run(other, "who"))).toContain("GREETING");
    await flooding.close();
    await other.close();
  });
});

describe("a process is started", () => {
  const call = async () => (await gateway.call("/mcp/local", { jsonrpc: "2.0", id: 1, method: "tools/call", params: { name: "run" } }, { accept: "application/json, text/event-stream", authorization: `Bearer ${testKey}` })).body.error;

  test("nowhere by default", async () => {
    await start({ mcpProcesses: false });
    expect((await call()).message).toContain("starts no MCP servers as processes");
  });

  test("for a command line that an administrator allowed word for word, and no other", async () => {
    for (const allow of [[], [[line[0]!]], [[...line, "--more"]], [[line[0]!, "/other.cjs"]]]) {
      await start({ allow });
      expect((await call()).message).toContain("No administrator allowed");
      await gateway.close();
    }
    await start();
    expect(await askProcess("local", { command: line[0]!, args: line.slice(1), env: {} }, [], Date.now())).toBeUndefined();
    expect(await askProcess("local", { command: line[0]!, args: line.slice(1), env: {} }, [line], Date.now())).toMatchObject([{ tool: "run" }]);
  });
});
