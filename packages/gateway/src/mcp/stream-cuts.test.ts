import { afterAll, beforeAll, expect, test } from "vitest";
import { startTestGateway, type TestGateway } from "../testing/gateway.ts";
import { mcpSnapshot, methodTools, pinnedTools, testServer } from "../testing/mcp.ts";
import { plainTool, type ScriptedServer, startScriptedServer } from "../testing/mcp-scripted.ts";

// A server's stream, cut at every byte, ended or broken there.

let server: ScriptedServer;
let gateway: TestGateway;
beforeAll(async () => {
  server = await startScriptedServer();
  gateway = await startTestGateway(mcpSnapshot([testServer("files", { url: server.url })], [...pinnedTools("files", [plainTool("read")]), ...methodTools("files")]));
});
afterAll(async () => {
  await gateway.close();
  await server.close();
});

const meta = { "io.modelcontextprotocol/protocolVersion": "2026-07-28", "io.modelcontextprotocol/clientCapabilities": {} };
const headers = { accept: "application/json, text/event-stream", "mcp-protocol-version": "2026-07-28", "mcp-method": "tools/call", "mcp-name": "read" };
const result = { content: [{ type: "text", text: "Héllo ☕" }] };
const wire = Buffer.from(
  `: hello\r\n\r\nevent: message\r\ndata: ${JSON.stringify({ jsonrpc: "2.0", method: "notifications/progress", params: { progressToken: "t", progress: 1 } })}\r\n\r\nevent: message\ndata: {"jsonrpc":"2.0","id":1,\ndata: "result":${JSON.stringify(result)}}\n\n`,
);

test("the client gets the whole answer or one error, the call one terminal record, and no half of an event is anybody's", async () => {
  const cuts = Array.from({ length: wire.length + 1 }, (_, cut) => cut);
  const whole: number[] = [];
  let cut = 0;
  server.call = (seen, res) => {
    const at = Number((seen.message!.params!.arguments as { cut: number }).cut);
    res.writeHead(200, { "content-type": "text/event-stream" });
    // In pieces, so that events are cut inside as well.
    for (let from = 0; from < at; from += 1 + (at % 31)) res.write(wire.subarray(from, Math.min(at, from + 1 + (at % 31))));
    if (at % 2 === 0) setImmediate(() => res.destroy());
    else res.end();
  };
  for (; cut < cuts.length; cut += 32)
    await Promise.all(
      cuts.slice(cut, cut + 32).map(async (at) => {
        const reply = await gateway.call("/mcp/files", { jsonrpc: "2.0", id: 1, method: "tools/call", params: { name: "read", arguments: { cut: at }, _meta: { ...meta, progressToken: "t" } } }, headers);
        const messages = (reply.body === null ? [...reply.text.matchAll(/^data: (.*)$/gm)].map(([, text]) => JSON.parse(text!) as Record<string, unknown>) : [reply.body as Record<string, unknown>]).filter((one) => one.id !== undefined);
        expect(messages, `${at}: ${reply.text}`).toHaveLength(1);
        const [last] = messages;
        if (last!.error === undefined) {
          expect(last!.result, String(at)).toMatchObject(result);
          whole.push(at);
        } else expect(last!.error, String(at)).toMatchObject({ code: -32_603, data: { code: "upstream_unreachable" } });
      }),
    );
  // The event is one when the line after it has ended: the last byte, or the one before where nothing broke.
  expect(Math.min(...whole)).toBeGreaterThanOrEqual(wire.length - 1);
  expect(whole).toContain(wire.length);
  const ids = (type: "call.intent" | "call.outcome") => gateway.evidence.of(type).map((one) => one.decisionId).toSorted();
  expect(ids("call.intent")).toHaveLength(cuts.length);
  expect(ids("call.outcome")).toEqual(ids("call.intent"));
}, 60_000);
