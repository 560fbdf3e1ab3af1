import fc from "fast-check";
import { afterEach, beforeEach, describe, expect, test } from "vitest";
import type { SystemFacts, Tier, ToolFacts } from "@mandate/model";
import { JsonArrayReader } from "../../sse/json-array-reader.ts";
import { testFacts, testModel, testSnapshot, testSystem, testTool } from "../../testing/facts.ts";
import { startTestGateway, type TestGateway } from "../../testing/gateway.ts";
import { sendJson, sendSse, startTestUpstream, type TestUpstream } from "../../testing/upstream.ts";
import { PartialArguments } from "./partial-arguments.ts";

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
  tier: Tier = "T0",
  tools: readonly ToolFacts[] = [],
  system: Partial<SystemFacts> = {},
): Promise<void> {
  const grants = {
    models: ["gem"],
    tools: tools.map((tool) => tool.name),
    datasets: [],
    prompts: [],
    destinations: [],
  };
  const model = testModel(upstream.endpoint.replace("/v1", "/v1beta"), {
    name: "gem",
    protocol: "gemini",
    upstream: "gemini-3-pro",
    served: ["gemini-3-pro"],
    credential: "google",
  });
  gateway = await startTestGateway(
    testSnapshot(testFacts(upstream.endpoint, testSystem(tier, { grants, ...system }), { models: [model], tools }), {
      secrets: [{ name: "google", value: "AIza-upstream", hosts: [`127.0.0.1:${upstream.port}`] }],
    }),
  );
}

const hello = { contents: [{ role: "user", parts: [{ text: "Say hello." }] }] };
const answer = (parts: readonly unknown[], more: Readonly<Record<string, unknown>> = {}) => ({
  candidates: [{ content: { role: "model", parts }, finishReason: "STOP", index: 0, ...more }],
  usageMetadata: { promptTokenCount: 4, candidatesTokenCount: 2 },
  modelVersion: "gemini-3-pro",
  responseId: "r1",
});
const generate = "/v1beta/models/gem:generateContent";
const stream = "/v1beta/models/gem:streamGenerateContent";

describe("an allowed call", () => {
  test("goes upstream byte for byte under the provider's name with the provider's key, and comes back unchanged", async () => {
    await start();
    upstream.answer = (_request, res) => sendJson(res, answer([{ text: "Hello." }]));
    const reply = await gateway.call(generate, hello, { "x-goog-api-key": "stays-here" });
    expect(reply.status, reply.text).toBe(200);
    expect(reply.body).toEqual(answer([{ text: "Hello." }]));
    const seen = upstream.seen[0]!;
    expect([seen.path, seen.headers["x-goog-api-key"], seen.headers.authorization]).toEqual([
      "/v1beta/models/gemini-3-pro:generateContent",
      "AIza-upstream",
      undefined,
    ]);
    expect(seen.body.toString()).toBe(JSON.stringify(hello));
    expect(gateway.evidence.of("call.outcome")[0]!.summary?.tokens).toEqual({ input: 4, output: 2 });
  });

  test("streams as events and as an array, each byte for byte", async () => {
    await start();
    const chunks = [answer([{ text: "Héllo" }], { finishReason: undefined }), answer([{ text: " you" }])];
    const sse = chunks.map((chunk) => `data: ${JSON.stringify(chunk)}\r\n\r\n`).join("");
    upstream.answer = (_request, res) => sendSse(res, sse);
    expect((await gateway.call(`${stream}?alt=sse`, hello)).text).toBe(sse);
    expect(upstream.seen[0]!.path).toBe("/v1beta/models/gemini-3-pro:streamGenerateContent?alt=sse");
    const array = `[${chunks.map((chunk) => JSON.stringify(chunk, null, 2)).join("\n,\r\n")}\n]\n`;
    upstream.answer = (_request, res) => res.writeHead(200, { "content-type": "application/json" }).end(array);
    expect((await gateway.call(stream, hello)).text).toBe(array);
    expect(upstream.seen[1]!.path).toBe("/v1beta/models/gemini-3-pro:streamGenerateContent");
    expect(gateway.evidence.terminals()).toEqual(["done", "done"]);
  });

  test("tokens are counted with a decision of their own", async () => {
    await start();
    upstream.answer = (_request, res) => sendJson(res, { totalTokens: 31 });
    expect((await gateway.call("/v1beta/models/gem:countTokens", hello)).body).toEqual({ totalTokens: 31 });
    const nested = { generateContentRequest: hello };
    expect((await gateway.call("/v1beta/models/gem:countTokens", nested)).status).toBe(400);
  });
});

describe("what the provider would do by itself", () => {
  const part = (inner: unknown) => ({ contents: [{ role: "user", parts: [{ text: "x" }, inner] }] });
  const refused: [string, Record<string, unknown>, number][] = [
    ["search", { ...hello, tools: [{ googleSearch: {} }] }, 403],
    ["search in the other spelling", { ...hello, tools: [{ google_search: {} }] }, 403],
    ["search beside a declared function", { ...hello, tools: [{ functionDeclarations: [], google_search: {} }] }, 403],
    ["code execution", { ...hello, tools: [{ code_execution: {} }] }, 403],
    ["fetching addresses", { ...hello, tools: [{ urlContext: {} }] }, 403],
    ["remote MCP", { ...hello, tools: [{ mcpServers: [{ name: "x" }] }] }, 403],
    ["a tool nobody has heard of", { ...hello, tools: [{ quantumLeap: {} }] }, 403],
    ["keeping the answer", { ...hello, store: true }, 403],
    ["an address the provider fetches", part({ file_data: { file_uri: "https://evil.example/?q=secret" } }), 403],
    ["a bucket", part({ fileData: { fileUri: "gs://bucket/object" } }), 403],
    [
      "an address inside a function's result",
      part({ functionResponse: { name: "f", response: {}, parts: [{ fileData: { fileUri: "https://evil.example" } }] } }),
      403,
    ],
    ["a file of someone's", part({ fileData: { fileUri: "https://generativelanguage.googleapis.com/v1beta/files/abc" } }), 422],
    ["a cache of someone's", { ...hello, cachedContent: "cachedContents/abc" }, 422],
    ["a cache in the other spelling", { ...hello, cached_content: "cachedContents/abc" }, 422],
    ["one member in both spellings", { ...hello, cachedContent: null, cached_content: "cachedContents/abc" }, 400],
    ["another model than the path's", { ...hello, model: "models/other" }, 400],
    ["a router to another model", { ...hello, generationConfig: { routingConfig: { manualMode: { modelName: "other" } } } }, 403],
    ["a router in the other spelling", { ...hello, generation_config: { routing_config: { auto_mode: {} } } }, 403],
    ["a choice among models", { ...hello, generationConfig: { modelSelectionConfig: { featureSelectionPreference: "BALANCED" } } }, 403],
  ];
  for (const [what, body, status] of refused)
    test(`${what} is refused in T0 too, in Gemini's own error format`, async () => {
      await start();
      for (const path of [generate, generate.replace("v1beta", "v1"), `${stream}?alt=sse`, stream]) {
        const reply = await gateway.call(path, body);
        expect(reply.status, reply.text).toBe(status);
        expect(reply.body.error.code).toBe(status);
        expect(reply.body.error.details[0].decision_id).toBe(reply.headers.get("x-mandate-decision"));
        expect(reply.body.error.details[0].remedies.length).toBeGreaterThan(0);
      }
      expect(upstream.connections).toBe(0);
    });

  test("granted search may be offered, and that it ran is a decision of its own", async () => {
    await start("T0", [testTool("hosted.google_search")]);
    const grounded = answer([{ text: "x" }], { groundingMetadata: { webSearchQueries: ["x"] } });
    upstream.answer = (_request, res) => sendJson(res, grounded);
    expect((await gateway.call(generate, { ...hello, tools: [{ googleSearch: {} }] })).status).toBe(200);
    upstream.answer = (_request, res) =>
      sendJson(res, answer([{ executableCode: { language: "PYTHON", code: "1" } }]));
    expect((await gateway.call(generate, hello)).status).toBe(403);
  });

  test("unlisted members: T0 passes with a finding, T2 refuses", async () => {
    for (const body of [
      { ...hello, brandNew: 1 },
      { ...hello, generationConfig: { brand_new: 1 } },
      part({ brandNew: 1 }),
    ]) {
      await start("T2");
      expect((await gateway.call(generate, body)).status).toBe(422);
      await gateway.close();
    }
    await start("T0");
    upstream.answer = (_request, res) => sendJson(res, answer([{ text: "x" }]));
    expect((await gateway.call(generate, { ...hello, brandNew: 1 })).status).toBe(200);
    expect(gateway.control.findings.map((finding) => finding.kind)).toEqual(["unlisted_field"]);
  });

  test("parameters and tricks in the address name no surface", async () => {
    await start();
    for (const path of [
      `${generate}?key=abc`,
      `${generate}?$fields=usageMetadata`,
      `${stream}?alt=sse&alt=json`,
      "/v1beta/models/gem%2F..%2Fother:generateContent",
      "/v1beta/models/gem:embedContent",
      "/v1beta/cachedContents",
    ]) {
      const reply = await gateway.call(path, hello);
      expect([reply.status, reply.body.error.status], path).toEqual([501, "UNIMPLEMENTED"]);
    }
    expect(upstream.connections).toBe(0);
  });
});

describe("a function call in an answer", () => {
  const call = { functionCall: { name: "disk_wipe", args: { path: "/" } } };
  const pieces = [
    { functionCall: { name: "disk_wipe", willContinue: true } },
    { functionCall: { partialArgs: [{ jsonPath: "$.path", stringValue: "/", willContinue: true }], willContinue: true } },
    { functionCall: { partialArgs: [{ jsonPath: "$.path", stringValue: "home" }], willContinue: true } },
    { functionCall: {} },
  ];

  test("that nobody granted never leaves, whole or in pieces, as events or as an array", async () => {
    await start();
    upstream.answer = (_request, res) => sendJson(res, answer([call]));
    const whole = await gateway.call(generate, hello);
    expect([whole.status, whole.body.error.status, whole.body.error.details[0].code]).toEqual([
      403,
      "PERMISSION_DENIED",
      "unknown_tool",
    ]);
    const chunks = [
      answer([{ text: "Let me" }], { finishReason: undefined }),
      ...pieces.map((piece) => answer([piece], { finishReason: undefined })),
      answer([]),
    ].map((chunk) => JSON.stringify(chunk));
    upstream.answer = (_request, res) => sendSse(res, chunks.map((chunk) => `data: ${chunk}\n\n`).join(""));
    const events = (await gateway.call(`${stream}?alt=sse`, hello)).text;
    upstream.answer = (_request, res) =>
      res.writeHead(200, { "content-type": "application/json" }).end(`[${chunks.join(",")}]`);
    const array = (await gateway.call(stream, hello)).text;
    expect(events + array).not.toMatch(/"disk_wipe"|jsonPath/);
    expect(events.split("\n\n").at(-2)).toMatch(/^data: \{"error":\{"code":403,"status":"PERMISSION_DENIED"/);
    // Still an array, whose last element says why it ends.
    const elements = JSON.parse(array) as { error?: { code: number } }[];
    expect(elements.at(-1)!.error!.code).toBe(403);
    expect(gateway.evidence.terminals()).toEqual(["blocked", "blocked", "blocked"]);
  });

  test("granted, it is decided on the arguments that its pieces make", async () => {
    await start("T2", [
      testTool("disk.wipe", { effect: "reads", names: ["disk_wipe"] }),
    ]);
    const wire = [...pieces.map((piece) => answer([piece], { finishReason: undefined })), answer([])]
      .map((chunk) => `data: ${JSON.stringify(chunk)}\n\n`)
      .join("");
    upstream.answer = (_request, res) => sendSse(res, wire);
    expect((await gateway.call(`${stream}?alt=sse`, hello)).text).toBe(wire);
    const { tools } = gateway.evidence.of("call.outcome")[0]!.payload as { tools: { request: { input: unknown } }[] };
    expect(tools.map((tool) => tool.request.input)).toEqual([{ path: "/home" }]);
  });

  test("pieces that two readers could join differently make no arguments", () => {
    const joined = (...all: unknown[]) => {
      const read = new PartialArguments();
      for (const one of all) read.add([one]);
      return read.text;
    };
    expect(joined({ jsonPath: "$.a[0].b", numberValue: 4 }, { jsonPath: "$['c d']", boolValue: true })).toBe(
      '{"a":[{"b":4}],"c d":true}',
    );
    expect(joined({ jsonPath: "$.__proto__.x", stringValue: "y" })).toBe('{"__proto__":{"x":"y"}}');
    for (const pieces of [
      [{ jsonPath: "$.a", stringValue: "1" }, { jsonPath: "$.a", stringValue: "2" }],
      [{ jsonPath: "$.a", numberValue: 1 }, { jsonPath: "$.a.b", numberValue: 1 }],
      [{ jsonPath: "$..a", stringValue: "1" }],
      [{ jsonPath: "$.a[*]", stringValue: "1" }],
      [{ jsonPath: "$.a[9]", stringValue: "1" }],
      [{ jsonPath: "$", stringValue: "1" }],
      [{ stringValue: "1" }],
      [7],
    ])
      expect(joined(...pieces), JSON.stringify(pieces)).toBe("unreadable");
  });
});

test("elements of a streamed array, put together, are the array byte for byte, wherever it is cut", () => {
  const array = fc.array(fc.dictionary(fc.string(), fc.jsonValue()), { maxLength: 5 });
  fc.assert(
    fc.property(array, fc.nat(4), fc.integer({ min: 1, max: 40 }), (elements, indent, piece) => {
      const bytes = Buffer.from(`${JSON.stringify(elements, null, indent)}\n`);
      const reader = new JsonArrayReader(1 << 20);
      const events = [];
      for (let at = 0; at < bytes.length; at += piece) events.push(...reader.push(bytes.subarray(at, at + piece)));
      const rest = reader.rest();
      const all = rest === undefined ? events : [...events, rest];
      expect(Buffer.concat(all.map((event) => event.raw)).equals(bytes)).toBe(true);
      expect(all.filter((event) => event.data !== "").map((event) => JSON.parse(event.data) as unknown)).toEqual(
        JSON.parse(JSON.stringify(elements)),
      );
    }),
  );
});
