import { connect } from "node:net";
import { afterEach, beforeEach, describe, expect, test } from "vitest";
import type { Protocol, SystemFacts, Tier, ToolFacts } from "@mandate/model";
import type { GatewayLimits } from "../options.ts";
import { surfaceCells } from "../testing/cells.ts";
import { testFacts, testKey, testModel, testSnapshot, testSystem, testTool } from "../testing/facts.ts";
import { startTestGateway, type TestGateway } from "../testing/gateway.ts";
import { chatStream, chatToolAnswer, sendJson, sendSse, startTestUpstream, type TestUpstream } from "../testing/upstream.ts";

// What a model's provider, or whoever sits in its place, might send.

let upstream: TestUpstream;
let gateway: TestGateway;

beforeEach(async () => {
  upstream = await startTestUpstream();
});
afterEach(async () => {
  await gateway?.close();
  await upstream.close();
});

async function start(
  tier: Tier,
  more: { tools?: readonly ToolFacts[]; limits?: Partial<GatewayLimits>; system?: Partial<SystemFacts>; protocol?: Protocol } = {},
): Promise<void> {
  const tools = more.tools ?? [testTool("orders.lookup", { output: "trusted" })];
  const grants = { models: ["m"], tools: tools.map((tool) => tool.name), datasets: [], prompts: [], destinations: [] };
  const model = testModel(upstream.endpoint, { name: "m", upstream: "m", served: ["m", "gpt-test"], protocol: more.protocol ?? "openai" });
  gateway = await startTestGateway(
    testSnapshot(testFacts(upstream.endpoint, testSystem(tier, { grants, ...more.system }), { models: [model], tools })),
    { limits: more.limits },
  );
}

const hello = { model: "m", messages: [{ role: "user", content: "Say hello." }] };
const streaming = { ...hello, stream: true };
const delta = (inner: string) => `data: {"model":"m","choices":[{"index":0,"delta":${inner},"finish_reason":null}]}\n\n`;
const done = 'data: {"model":"m","choices":[{"index":0,"delta":{},"finish_reason":"stop"}]}\n\ndata: [DONE]\n\n';

describe("an event that two readers read differently ends the stream, and never leaves", () => {
  const wipe = '{"tool_calls":[{"index":0,"id":"c","function":{"name":"disk_wipe","arguments":"{}"}}]}';
  const events: [string, string][] = [
    ["a call hidden behind a second delta", `data: {"model":"m","choices":[{"index":0,"delta":${wipe},"delta":{"content":"x"}}]}\n\n`],
    ["a call hidden behind second choices", `data: {"model":"m","choices":[{"index":0,"delta":${wipe}}],"choices":[]}\n\n`],
    ["a name given twice", delta('{"tool_calls":[{"index":0,"id":"c","function":{"name":"disk_wipe","name":"orders_lookup","arguments":"{}"}}]}')],
    ["a name given twice, once escaped", delta('{"tool_calls":[{"index":0,"id":"c","function":{"name":"disk_wipe","n\\u0061me":"orders_lookup","arguments":"{}"}}]}')],
    ["a document deeper than anybody reads", delta(`{"content":${"[".repeat(5_000)}"disk_wipe"${"]".repeat(5_000)}}`)],
  ];
  for (const tier of ["T0", "T2", "T3"] as const)
    for (const [what, event] of events)
      test(`${tier}: ${what}`, async () => {
        await start(tier);
        upstream.answer = (_request, res) => sendSse(res, delta('{"content":"Hi"}') + event + done);
        const { text } = await gateway.call("/v1/chat/completions", streaming);
        expect(text).not.toContain("disk_wipe");
        expect(text).toContain("upstream_unreachable");
        expect(gateway.evidence.terminals()).toEqual(["upstream_cut"]);
      });

  test("at the very end, where no blank line closes it, too", async () => {
    await start("T0");
    upstream.answer = (_request, res) => sendSse(res, delta('{"content":"Hi"}') + events[1]![1].trimEnd());
    expect((await gateway.call("/v1/chat/completions", streaming)).text).not.toContain("disk_wipe");
    expect(gateway.evidence.terminals()).toEqual(["upstream_cut"]);
  });

  test("in a whole answer as well, on every surface", async () => {
    for (const cells of surfaceCells) {
      const wire = cells.answer("text", "Hi", false);
      if (wire === null) continue;
      await start("T0", { protocol: cells.surface.protocols[0]! });
      upstream.answer = (_request, res) => res.writeHead(200, { "content-type": "application/json" }).end(`{"model":"x",${wire.body.slice(1, -1)},"model":"m","model":"m"}`);
      expect((await gateway.call(cells.path(false), cells.ask(false))).status, cells.title).toBe(502);
      await gateway.close();
    }
  });
});

describe("a tool call", () => {
  test("whose arguments are larger than can be held is given up, not let go in pieces", async () => {
    await start("T0", { limits: { maxHeldBytes: 64 * 1024 } });
    const piece = JSON.stringify("x".repeat(8_000));
    upstream.answer = (_request, res) =>
      sendSse(
        res,
        delta('{"tool_calls":[{"index":0,"id":"c","function":{"name":"orders_lookup","arguments":""}}]}') +
          delta(`{"tool_calls":[{"index":0,"function":{"arguments":${piece}}}]}`).repeat(20) +
          done,
      );
    const { text } = await gateway.call("/v1/chat/completions", streaming);
    expect(text).not.toContain("orders_lookup");
    expect(text).toContain("upstream_unreachable");
  });

  const unreadable = ['{"a":', '{"a":1,"a":2}', `{"a":${"[".repeat(100)}${"]".repeat(100)}}`, '{"a":9007199254740993}', "[1]", "null"];
  test("whose arguments can't be read counts as one without: a rule that needs one forbids", async () => {
    await start("T2", { tools: [testTool("disk.wipe", { effect: "deletes", reversible: false, critical: [{ arg: "a", type: "id" }] })] });
    const tainted = { ...hello, messages: [...hello.messages, { role: "assistant", content: "" }, { role: "tool", tool_call_id: "x", content: "read" }] };
    for (const text of unreadable) {
      upstream.answer = (_request, res) => sendJson(res, chatToolAnswer("disk_wipe", text));
      const answer = await gateway.call("/v1/chat/completions", tainted);
      expect([answer.status, answer.body.error?.code], text).toEqual([403, "policy"]);
    }
  });

  const lookalikes = [
    ["a Cyrillic letter", "оrders_lookup"],
    ["a full-width letter", "ｏrders_lookup"],
    ["a zero-width space", "orders\u200B_lookup"],
    ["a zero-width joiner at the end", "orders_lookup\u200D"],
    ["a combining mark", "o\u0308rders_lookup"],
    ["a byte order mark", "\uFEFForders_lookup"],
    ["a text-direction mark", "\u202Epukool_sredro"],
    ["capitals", "Orders_Lookup"],
    ["white space around it", " orders_lookup "],
    ["a NUL", "orders_lookup\u0000"],
    ["a line break", "orders_lookup\nevent: x"],
    ["half of a surrogate pair", "orders_lookup\uD83D"],
    ["a name of the language", "__proto__"],
    ["another", "constructor"],
    ["nothing at all", ""],
  ] as const;
  for (const [what, name] of lookalikes)
    test(`under a granted name with ${what} is another tool, which nobody granted`, async () => {
      await start("T0");
      upstream.answer = (_request, res) => sendJson(res, chatToolAnswer(name, "{}"));
      const whole = await gateway.call("/v1/chat/completions", hello);
      expect([whole.status, whole.body.error.code], whole.text).toEqual([403, "unknown_tool"]);
      expect(String(whole.body.error.param)).toMatch(/^(null|tool:[\x20-\x7e]*)$/);
      upstream.answer = (_request, res) =>
        sendSse(res, chatStream([{ tool_calls: [{ index: 0, id: "c", type: "function", function: { name, arguments: "{}" } }] }], "tool_calls", "m"));
      expect((await gateway.call("/v1/chat/completions", streaming)).text).toContain("unknown_tool");
      expect(gateway.evidence.terminals()).toEqual(["blocked", "blocked"]);
    });
});

describe("time", () => {
  test("an upstream that trickles for ever is ended when the call's time is up", async () => {
    await start("T0", { limits: { callMs: 300 } });
    let timer: NodeJS.Timeout | undefined;
    upstream.answer = (_request, res) => {
      res.writeHead(200, { "content-type": "text/event-stream" });
      timer = setInterval(() => res.write(": still here\n\n"), 20);
      res.on("close", () => clearInterval(timer));
    };
    const { text } = await gateway.call("/v1/chat/completions", streaming);
    clearInterval(timer);
    expect(text).toContain("upstream_timeout");
    expect(gateway.evidence.terminals()).toEqual(["upstream_cut"]);
  });

  test("an event that never ends is given up at its limit", async () => {
    await start("T0", { limits: { maxHeldBytes: 32 * 1024 } });
    upstream.answer = (_request, res) => {
      res.writeHead(200, { "content-type": "text/event-stream" });
      const pump = setInterval(() => res.write(`data: ${"x".repeat(4_000)}`), 2);
      res.on("close", () => clearInterval(pump));
    };
    expect((await gateway.call("/v1/chat/completions", streaming)).text).toContain("upstream_unreachable");
  });
});

describe("whatever the provider", () => {
  const asks: Readonly<Record<Protocol, readonly [string, object]>> = {
    openai: ["/v1/chat/completions", hello],
    "azure-openai": ["/v1/chat/completions", hello],
    anthropic: ["/v1/messages", { ...hello, max_tokens: 1 }],
    bedrock: ["/v1/messages", { ...hello, max_tokens: 1 }],
    gemini: ["/v1beta/models/m:generateContent", { contents: [{ parts: [{ text: "x" }] }] }],
  };
  for (const [protocol, [path, body]] of Object.entries(asks) as [Protocol, readonly [string, object]][])
    test(`${protocol}: its secret goes to no other host, no redirect is followed, no inner address is called`, async () => {
      const secret = JSON.stringify({ accessKeyId: "AKIAIOSFODNN7EXAMPLE", secretAccessKey: "canary-of-the-provider", region: "eu-west-1" });
      const model = testModel(upstream.endpoint, { name: "m", protocol, credential: "prod" });
      const facts = testFacts(upstream.endpoint, testSystem("T0", { grants: { models: ["m"], tools: [], datasets: [], prompts: [], destinations: [] } }), { models: [model] });
      const sealedFor = (hosts: string[], outboundAllow = ["127.0.0.0/8"]) => testSnapshot(facts, { secrets: [{ name: "prod", value: secret, hosts }], outboundAllow });
      gateway = await startTestGateway(sealedFor(["api.example.com"]));
      expect((await gateway.call(path, body)).status).toBe(502);
      expect(upstream.connections).toBe(0);
      const own = [`127.0.0.1:${upstream.port}`];
      gateway.control.publish({ ...sealedFor(own), version: 8 });
      upstream.answer = (_request, res) => res.writeHead(308, { location: "http://127.0.0.1:1/elsewhere" }).end();
      expect((await gateway.call(path, body)).status).toBe(502);
      expect(upstream.seen).toHaveLength(1);
      gateway.control.publish({ ...sealedFor(own, []), version: 9 });
      expect((await gateway.call(path, body)).status).toBe(502);
      expect(upstream.seen).toHaveLength(1);
      expect(JSON.stringify([gateway.evidence.entries, gateway.logged])).not.toContain("canary-of");
    });
});

test("a thousand open streams: each is carried, ended once and recorded; one more than the limit is refused clearly", async () => {
  const open = 1_000;
  await start("T0", { limits: { maxInFlight: open, upstreamConnections: open } });
  const waiting: (() => void)[] = [];
  upstream.answer = (_request, res) => {
    res.writeHead(200, { "content-type": "text/event-stream" }).write(delta('{"content":"Hi"}'));
    waiting.push(() => res.end(done));
  };
  const body = JSON.stringify(streaming);
  const request = `POST /v1/chat/completions HTTP/1.1\r\nhost: x\r\nauthorization: Bearer ${testKey}\r\ncontent-length: ${body.length}\r\nconnection: close\r\n\r\n${body}`;
  const calls = Array.from(
    { length: open },
    () =>
      new Promise<string>((resolve) => {
        const socket = connect(gateway.port, "127.0.0.1", () => socket.write(request));
        let text = "";
        socket.on("data", (chunk) => (text += chunk.toString()));
        socket.on("error", () => undefined);
        socket.on("close", () => resolve(text));
      }),
  );
  await expect.poll(() => waiting.length, { timeout: 20_000 }).toBe(open);
  const refused = await gateway.call("/v1/chat/completions", hello);
  expect([refused.status, refused.body.error.code]).toEqual([429, "rate"]);
  expect(refused.body.error.remedies.length).toBeGreaterThan(0);
  for (const end of waiting) end();
  const texts = await Promise.all(calls);
  expect(texts.filter((text) => text.includes("Hi") && text.includes("[DONE]"))).toHaveLength(open);
  expect(gateway.evidence.terminals()).toEqual(Array.from({ length: open }, () => "done"));
}, 60_000);
