import fc from "fast-check";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import type { ModelFacts } from "@mandate/model";
import { surfaceCells } from "../testing/cells.ts";
import { converseStream, invokeStream, messagesOf } from "../testing/fake-bedrock.ts";
import { testFacts, testKey, testModel, testSnapshot, testSystem, testTool } from "../testing/facts.ts";
import { startTestGateway, type TestGateway } from "../testing/gateway.ts";
import { startTestUpstream, type TestUpstream } from "../testing/upstream.ts";

// Each surface's streams, cut at every byte: two calls, one granted and one not, behind some text.

let upstream: TestUpstream;
let gateway: TestGateway;
const answers = new Map<string, { readonly wire: Buffer; readonly contentType: string; readonly piece: number; readonly broken: boolean }>();

const models: readonly Partial<ModelFacts>[] = [
  { name: "openai", protocol: "openai" },
  { name: "anthropic", protocol: "anthropic" },
  { name: "gemini", protocol: "gemini" },
  { name: "bedrock", protocol: "bedrock" },
];

beforeAll(async () => {
  upstream = await startTestUpstream();
  upstream.answer = (request, res) => {
    // Which answer a request gets stands in its own text, so that many can run at once.
    const { wire, contentType, piece, broken } = answers.get(/answer (\d+)/.exec(request.body.toString())![0])!;
    res.writeHead(200, { "content-type": contentType });
    for (let at = 0; at < wire.length; at += piece) res.write(wire.subarray(at, at + piece));
    if (broken) setImmediate(() => res.destroy());
    else res.end();
  };
  const grants = { models: models.map(({ name }) => name!), tools: ["orders.lookup"], datasets: [], prompts: [], destinations: [] };
  const tools = [testTool("orders.lookup", { output: "trusted" }), testTool("disk.wipe")];
  gateway = await startTestGateway(
    testSnapshot(
      testFacts(upstream.endpoint, testSystem("T0", { grants }), {
        models: models.map((model) => testModel(upstream.endpoint, { upstream: "m", served: ["m"], ...model })),
        tools,
      }),
    ),
  );
});
afterAll(async () => {
  await gateway?.close();
  await upstream?.close();
});

interface Case {
  readonly name: string;
  readonly model: string;
  readonly contentType: string;
  /** With a second call nobody granted, and without. */
  readonly wire: (wiped: boolean) => Buffer;
  /** As the caller is to get it, where that differs. */
  readonly told?: (wiped: boolean) => Buffer;
  readonly path: string;
  readonly ask: (text: string) => Readonly<Record<string, unknown>>;
}

const cellsOf = (title: string) => surfaceCells.find((cells) => cells.title === title)!;

/** The surface's own stream of a granted call, then the same under a name that wasn't. */
function wireOf(title: string, wiped: boolean): string {
  const call = cellsOf(title).answer("tool call", "Héllo ☕", true)!.body.toString();
  return call + (wiped ? call.replaceAll("orders_lookup", "disk_wipe") : "");
}

const events = (name: string) => [
  { type: "message_start", message: { id: "msg_1", type: "message", role: "assistant", model: "m", content: [], usage: { input_tokens: 1, output_tokens: 1 } } },
  { type: "content_block_start", index: 0, content_block: { type: "text", text: "" } },
  { type: "content_block_delta", index: 0, delta: { type: "text_delta", text: "Héllo ☕" } },
  { type: "content_block_stop", index: 0 },
  ...[["orders_lookup", 1] as const, [name, 2] as const].flatMap(([called, index]) => [
    { type: "content_block_start", index, content_block: { type: "tool_use", id: `t${index}`, name: called, input: {} } },
    { type: "content_block_delta", index, delta: { type: "input_json_delta", partial_json: '{"a":"☕"}' } },
    { type: "content_block_stop", index },
  ]),
  { type: "message_delta", delta: { stop_reason: "tool_use" }, usage: { output_tokens: 4 } },
  { type: "message_stop" },
];
const named = (name: string) => Buffer.from(events(name).map((event) => `event: ${event.type}\ndata: ${JSON.stringify(event)}\n\n`).join(""));
const nameOf = (wiped: boolean) => (wiped ? "disk_wipe" : "orders_lookup");
const chatCall = (name: string, index: number) =>
  [
    { tool_calls: [{ index, id: `c${index}`, type: "function", function: { name, arguments: '{"a":' } }] },
    { tool_calls: [{ index, function: { arguments: '"☕"}' } }] },
  ].map((delta) => `data: ${JSON.stringify({ model: "m", choices: [{ index: 0, delta, finish_reason: null }] })}\n\n`).join("");
const chatWire = (wiped: boolean) =>
  Buffer.from(
    `data: ${JSON.stringify({ model: "m", choices: [{ index: 0, delta: { content: "Héllo" }, finish_reason: null }] })}\n\n${chatCall("orders_lookup", 0)}${chatCall(nameOf(wiped), 1)}data: ${JSON.stringify({ model: "m", choices: [{ index: 0, delta: {}, finish_reason: "tool_calls" }] })}\n\ndata: [DONE]\n\n`,
  );
const geminiChunks = (wiped: boolean) =>
  [
    [{ text: "Héllo ☕" }],
    [{ functionCall: { name: "orders_lookup", args: { a: "☕" } } }],
    [{ functionCall: { name: nameOf(wiped), willContinue: true } }],
    [{ functionCall: { partialArgs: [{ jsonPath: "$.a", stringValue: "☕" }] } }],
    [],
  ].map((parts, index) => ({
    candidates: [{ content: { role: "model", parts }, index: 0, ...(index === 4 ? { finishReason: "STOP" } : {}) }],
    modelVersion: "m",
  }));
const message = (model: string) => (text: string) => ({ model, max_tokens: 9, stream: true, messages: [{ role: "user", content: text }] });
const contents = (text: string) => ({ contents: [{ role: "user", parts: [{ text }] }] });

const cases: readonly Case[] = [
  { name: "OpenAI chat", model: "openai", contentType: "text/event-stream", wire: chatWire, path: "/v1/chat/completions", ask: message("openai") },
  {
    name: "OpenAI responses",
    model: "openai",
    contentType: "text/event-stream",
    wire: (wiped) => Buffer.from(wireOf("/v1/responses", wiped)),
    path: "/v1/responses",
    ask: (text) => ({ model: "openai", store: false, stream: true, input: text }),
  },
  { name: "Anthropic messages", model: "anthropic", contentType: "text/event-stream", wire: (wiped) => named(nameOf(wiped)), path: "/v1/messages", ask: message("anthropic") },
  {
    name: "Anthropic messages over Bedrock",
    model: "bedrock",
    contentType: "application/vnd.amazon.eventstream",
    wire: (wiped) => invokeStream(events(nameOf(wiped))),
    told: (wiped) => named(nameOf(wiped)),
    path: "/v1/messages",
    ask: message("bedrock"),
  },
  {
    name: "Gemini events",
    model: "gemini",
    contentType: "text/event-stream",
    wire: (wiped) => Buffer.from(geminiChunks(wiped).map((chunk) => `data: ${JSON.stringify(chunk)}\r\n\r\n`).join("")),
    path: "/v1beta/models/gemini:streamGenerateContent?alt=sse",
    ask: contents,
  },
  {
    name: "Gemini array",
    model: "gemini",
    contentType: "application/json",
    wire: (wiped) => Buffer.from(JSON.stringify(geminiChunks(wiped), null, 1)),
    path: "/v1beta/models/gemini:streamGenerateContent",
    ask: contents,
  },
];

let asked = 0;
async function stream(one: Case, wire: Buffer, piece: number, broken: boolean) {
  const text = `answer ${++asked}`;
  answers.set(text, { wire, contentType: one.contentType, piece, broken });
  const reply = await gateway.call(one.path, one.ask(text));
  answers.delete(text);
  return reply;
}

/** What the caller got of the model's own stream: a refusal that ends it is ours. */
function passed(one: Case, reply: { status: number; text: string }): string {
  if (reply.status !== 200) return "";
  if (one.name === "Gemini array") return reply.text.replace(/[,[]\{"error":.*$/, "");
  return reply.text.replace(/(event: error\n)?data: \{("type":"error",)?("sequence_number":0,.*)?"error":\{"?(type|code)"?:.*\n\n$/s, "").replace(/event: error\n.*$/s, "");
}

describe.each(cases)("$name", (one) => {
  test("cut at every byte, the caller gets a prefix of it and never a piece of a call that was not granted", async () => {
    const wire = one.wire(true);
    const told = (one.told ?? one.wire)(true).toString();
    const before = gateway.evidence.terminals().length;
    const cuts = Array.from({ length: wire.length + 1 }, (_one, cut) => cut);
    for (let at = 0; at < cuts.length; at += 64) {
      await Promise.all(
        cuts.slice(at, at + 64).map(async (cut) => {
          const reply = await stream(one, wire.subarray(0, cut), 1 + (cut % 97), cut % 2 === 0);
          const got = passed(one, reply);
          expect(told.startsWith(got), `${cut}: ${reply.text}`).toBe(true);
          expect(got, String(cut)).not.toMatch(/disk_|wipe/);
        }),
      );
    }
    expect(gateway.evidence.terminals().length).toBe(before + cuts.length);
    expect(passed(one, await stream(one, wire, wire.length, false)).length).toBeGreaterThan(40);
  }, 60_000);

  test("granted calls come through unchanged however the network cuts them", async () => {
    const wire = one.wire(false);
    await fc.assert(
      fc.asyncProperty(fc.integer({ min: 1, max: 400 }), async (piece) => {
        expect((await stream(one, wire, piece, false)).text).toBe((one.told ?? one.wire)(false).toString());
        expect(gateway.evidence.terminals().at(-1)).toBe("done");
      }),
      { numRuns: 8 },
    );
  });
});

describe("Bedrock's Converse", () => {
  const at = (contentBlockIndex: number) => ({ contentBlockIndex });
  const tool = (name: string, index: number) => [
    { contentBlockStart: { ...at(index), start: { toolUse: { toolUseId: `t${index}`, name } } } },
    { contentBlockDelta: { ...at(index), delta: { toolUse: { input: '{"a":' } } } },
    { contentBlockDelta: { ...at(index), delta: { toolUse: { input: '"☕"}' } } } },
    { contentBlockStop: at(index) },
  ];
  const wireOfBoth = (second: string) => converseStream([{ messageStart: { role: "assistant" } }, { contentBlockDelta: { ...at(0), delta: { text: "Héllo ☕" } } }, { contentBlockStop: at(0) }, ...tool("orders_lookup", 1), ...tool(second, 2), { messageStop: { stopReason: "tool_use" } }]);
  const ask = async (wire: Buffer, piece: number, broken: boolean): Promise<Buffer> => {
    const text = `answer ${++asked}`;
    answers.set(text, { wire, contentType: "application/vnd.amazon.eventstream", piece, broken });
    const reply = await fetch(`${gateway.url}/model/bedrock/converse-stream`, { method: "POST", headers: { authorization: `Bearer ${testKey}`, "content-type": "application/json" }, body: JSON.stringify({ messages: [{ role: "user", content: [{ text }] }] }) });
    const bytes = Buffer.from(await reply.arrayBuffer());
    answers.delete(text);
    // One that never had a head is refused as a whole, in JSON.
    return reply.status === 200 ? bytes : Buffer.alloc(0);
  };

  test("cut at every byte, the caller gets whole messages of it in their order, then at most one of ours, and never a piece of a call that was not granted", async () => {
    const wire = wireOfBoth("disk_wipe");
    const told = messagesOf(wire);
    const before = gateway.evidence.terminals().length;
    const cuts = Array.from({ length: wire.length + 1 }, (_one, cut) => cut);
    for (let from = 0; from < cuts.length; from += 64)
      await Promise.all(
        cuts.slice(from, from + 64).map(async (cut) => {
          const got = messagesOf(await ask(wire.subarray(0, cut), 1 + (cut % 97), cut % 2 === 0));
          const same = got.findIndex((one, place) => told[place]?.equals(one) !== true);
          const passed = same < 0 ? got : got.slice(0, same);
          expect(got.length - passed.length, String(cut)).toBeLessThanOrEqual(1);
          expect(Buffer.concat(passed).toString("latin1"), String(cut)).not.toMatch(/disk_|wipe/);
          if (got.length > passed.length) expect(got.at(-1)!.toString("latin1"), String(cut)).toContain(":exception-type");
        }),
      );
    expect(gateway.evidence.terminals().length).toBe(before + cuts.length);
  }, 60_000);

  test("granted calls come through byte for byte however the network cuts them", async () => {
    const wire = wireOfBoth("orders_lookup");
    for (const piece of [1, 7, 64, wire.length]) expect((await ask(wire, piece, false)).equals(wire), String(piece)).toBe(true);
  });
});
