import fc from "fast-check";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { UnreadableJson } from "../json/strict-json.ts";
import { startTestGateway, type TestGateway } from "../testing/gateway.ts";
import { mcpSnapshot, methodTools, pinnedTools, testServer } from "../testing/mcp.ts";
import { plainTool, type ScriptedServer, startScriptedServer } from "../testing/mcp-scripted.ts";
import { readMessage } from "./json-rpc.ts";

/** Bounded, so that every run of the tests can afford it; longer by the environment. */
const interruptAfterTimeLimit = Number(process.env["MANDATE_FUZZ_MS"] ?? 400);
const bounded = { numRuns: 1_000_000, interruptAfterTimeLimit, markInterruptAsFailure: false } as const;
/** Bounded by number: a run cut off in the middle would leave a call behind for the next test. */
const overTheWire = { numRuns: Math.ceil(interruptAfterTimeLimit / 3) } as const;

const words = "jsonrpc 2.0 id method params result error name arguments uri _meta initialize ping tools/list tools/call resources/read prompts/get completion/complete sampling/createMessage notifications/cancelled requestState inputResponses task cursor protocolVersion capabilities read files io.mandate/approval progressToken __proto__ constructor".split(" ");
const word = fc.oneof({ weight: 6, arbitrary: fc.constantFrom(...words) }, { weight: 1, arbitrary: fc.string({ unit: "grapheme", maxLength: 20 }) });
const { value } = fc.letrec((tie) => ({
  value: fc.oneof({ maxDepth: 4 }, fc.oneof(word, fc.integer(), fc.boolean(), fc.constant(null), fc.double()), fc.array(tie("value"), { maxLength: 3 }), fc.dictionary(word, tie("value"), { maxKeys: 4 })),
}));
const params = fc.oneof(fc.dictionary(word, value, { maxKeys: 4 }), value);
const message = fc.record({ jsonrpc: fc.constantFrom("2.0", "2.0", "2.0", "1.0"), id: fc.oneof(fc.integer(), word, value), method: word, params }, { requiredKeys: [] });

test("whatever bytes a body holds, it is one message or refused", () => {
  fc.assert(
    fc.property(fc.oneof(fc.uint8Array({ maxLength: 200 }).map((bytes) => Buffer.from(bytes)), message.map((one) => Buffer.from(JSON.stringify(one)))), (body) => {
      try {
        expect(["request", "response", "notification"]).toContain(readMessage(body, 32).message.kind);
      } catch (error) {
        expect(error).toBeInstanceOf(UnreadableJson);
      }
    }),
    bounded,
  );
});

describe("over the wire", () => {
  let server: ScriptedServer;
  let gateway: TestGateway;
  beforeAll(async () => {
    server = await startScriptedServer();
    gateway = await startTestGateway(mcpSnapshot([testServer("files", { url: server.url })], [...pinnedTools("files", [plainTool("read")]), ...methodTools("files")]), { limits: { callMs: 2_000 } });
  });
  afterAll(async () => {
    await gateway.close();
    await server.close();
  });

  test("whatever a client sends, it gets an answer that is no fault of ours, and only granted tools reach the server", async () => {
    await fc.assert(
      fc.asyncProperty(message, fc.boolean(), async (one, isModern) => {
        const headers: Record<string, string> = isModern ? { "mcp-protocol-version": "2026-07-28", "mcp-method": String(one.method).replace(/[^\x21-\x7e]/g, "") } : {};
        const reply = await gateway.call("/mcp/files", JSON.stringify(one), { accept: "application/json, text/event-stream", ...headers });
        expect([200, 202, 400, 403, 404, 405, 413, 422, 429, 501, 502, 504], reply.text).toContain(reply.status);
      }),
      overTheWire,
    );
    const names = server.calls().map((call) => (call.message?.params as { name?: unknown } | undefined)?.name);
    expect(names.filter((name) => name !== "read")).toEqual([]);
    expect(gateway.logged.filter((line) => /uncaught|failed.*unexpected/i.test(line))).toEqual([]);
  });

  test("whatever a server answers, each call ends in one terminal record and the client gets one answer", async () => {
    const headers = { accept: "application/json, text/event-stream", "mcp-protocol-version": "2026-07-28", "mcp-method": "tools/call", "mcp-name": "read" };
    const meta = { "io.modelcontextprotocol/protocolVersion": "2026-07-28", "io.modelcontextprotocol/clientCapabilities": {} };
    gateway.evidence.entries.length = 0;
    await fc.assert(
      fc.asyncProperty(value, async (answer) => {
        server.call = () => answer;
        const reply = await gateway.call("/mcp/files", { jsonrpc: "2.0", id: 1, method: "tools/call", params: { name: "read", arguments: {}, _meta: meta } }, headers);
        expect([200, 502], reply.text).toContain(reply.status);
      }),
      overTheWire,
    );
    const intents = gateway.evidence.of("call.intent").map((one) => one.decisionId);
    expect(intents.length).toBeGreaterThan(0);
    expect(gateway.evidence.of("call.outcome").map((one) => one.decisionId).toSorted()).toEqual(intents.toSorted());
  });
});
