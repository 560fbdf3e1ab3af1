import { afterEach, beforeEach, describe, expect, test } from "vitest";
import type { ModelFacts, Tier, ToolFacts } from "@mandate/model";
import { withMembers } from "../../json/members.ts";
import { awsException, invokeStream, isSigned } from "../../testing/fake-bedrock.ts";
import { testFacts, testModel, testSnapshot, testSystem, testTool } from "../../testing/facts.ts";
import { startTestGateway, type TestGateway } from "../../testing/gateway.ts";
import { chatAnswer, chatStream, sendJson, sendSse, startTestUpstream, type TestUpstream } from "../../testing/upstream.ts";

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
  model: Partial<ModelFacts>,
  secret: string,
  more: { tier?: Tier; tools?: readonly ToolFacts[] } = {},
): Promise<void> {
  const tools = more.tools ?? [];
  const origin = `http://127.0.0.1:${upstream.port}`;
  const grants = { models: ["m"], tools: tools.map((tool) => tool.name), datasets: [], prompts: [], destinations: [] };
  const facts = testFacts(origin, testSystem(more.tier ?? "T0", { grants }), {
    models: [testModel(origin, { name: "m", credential: "cloud", ...model })],
    tools,
  });
  gateway = await startTestGateway(
    testSnapshot(facts, { secrets: [{ name: "cloud", value: secret, hosts: [`127.0.0.1:${upstream.port}`] }] }),
  );
}

const hello = { model: "m", max_tokens: 9, messages: [{ role: "user", content: "Say hello." }] };

describe("Azure OpenAI", () => {
  const azure = { protocol: "azure-openai", upstream: "prod-gpt", served: ["gpt-4o-2024-08-06"] } as const;
  const embed = { model: "m", input: "x" };
  const respond = { model: "m", input: "x", store: false };

  const addresses: [string, string, string | undefined, object, string][] = [
    ["/v1/chat/completions", "", undefined, hello, "/openai/deployments/prod-gpt/chat/completions?api-version=2024-10-21"],
    ["/v1/chat/completions", "/openai", "2025-04-01-preview", hello, "/openai/deployments/prod-gpt/chat/completions?api-version=2025-04-01-preview"],
    ["/v1/chat/completions", "/openai/deployments/other", undefined, hello, "/openai/deployments/other/chat/completions?api-version=2024-10-21"],
    ["/v1/chat/completions", "/openai/v1", undefined, hello, "/openai/v1/chat/completions"],
    ["/v1/embeddings", "", undefined, embed, "/openai/deployments/prod-gpt/embeddings?api-version=2024-10-21"],
    ["/v1/responses", "", undefined, respond, "/openai/v1/responses"],
    ["/v1/responses", "/openai", "2025-03-01-preview", respond, "/openai/responses?api-version=2025-03-01-preview"],
  ];
  for (const [path, base, apiVersion, body, expected] of addresses)
    test(`${path} at ${base || "the resource"}${apiVersion === undefined ? "" : ` of ${apiVersion}`} is ${expected}, with the api-key`, async () => {
      await start({ ...azure, endpoint: `http://127.0.0.1:${upstream.port}${base}`, ...(apiVersion === undefined ? {} : { apiVersion }) }, "azure-secret");
      upstream.answer = (_request, res) => sendJson(res, chatAnswer("Hello.", {}, "gpt-4o-2024-08-06"));
      const answer = await gateway.call(path, body);
      expect(answer.status, answer.text).toBe(200);
      const [seen] = upstream.seen;
      expect([seen!.path, seen!.headers["api-key"], seen!.headers.authorization]).toEqual([expected, "azure-secret", undefined]);
      expect((JSON.parse(seen!.body.toString()) as { model: string }).model).toBe("prod-gpt");
    });

  test("a stream whose first chunk names no model and only the prompt's filter results passes, in T2 too", async () => {
    await start(azure, "azure-secret", { tier: "T2" });
    const filters = `data: ${JSON.stringify({ choices: [], created: 0, id: "", model: "", object: "", prompt_filter_results: [{ prompt_index: 0, content_filter_results: {} }] })}\n\n`;
    const wire = filters + chatStream([{ content: "Hello." }], "stop", "gpt-4o-2024-08-06");
    upstream.answer = (_request, res) => sendSse(res, wire);
    expect((await gateway.call("/v1/chat/completions", { ...hello, stream: true })).text).toBe(wire);
  });

  test("what only Azure fetches from is an effect: its data sources are refused in T0 too", async () => {
    await start(azure, "azure-secret");
    const answer = await gateway.call("/v1/chat/completions", { ...hello, data_sources: [{ type: "azure_search" }] });
    expect([answer.status, answer.body.error.code]).toEqual([403, "unknown_tool"]);
  });
});

describe("Bedrock", () => {
  const claude = { protocol: "bedrock", upstream: "anthropic.claude-3-5-sonnet-20241022-v2:0", served: ["claude-3-5-sonnet-20241022"] } as const;
  const secretAccessKey = "wJalrXUtnFEMI/K7MDENG/bPxRfiCYEXAMPLEKEY";
  const keys = JSON.stringify({ AccessKeyId: "AKIAIOSFODNN7EXAMPLE", SecretAccessKey: secretAccessKey, SessionToken: "session==", region: "eu-central-1" });
  const message = {
    id: "msg_bdrk_1",
    type: "message",
    role: "assistant",
    model: "claude-3-5-sonnet-20241022",
    content: [{ type: "text", text: "Hello." }],
    stop_reason: "end_turn",
    usage: { input_tokens: 3, output_tokens: 4 },
  };
  const events = (content: readonly Readonly<Record<string, unknown>>[]) => [
    { type: "message_start", message: { ...message, content: [], stop_reason: null } },
    ...content,
    { type: "message_delta", delta: { stop_reason: "end_turn" }, usage: { output_tokens: 4 } },
    { type: "message_stop", "amazon-bedrock-invocationMetrics": { inputTokenCount: 3 } },
  ];
  const text = [
    { type: "content_block_start", index: 0, content_block: { type: "text", text: "" } },
    { type: "content_block_delta", index: 0, delta: { type: "text_delta", text: "Héllo\n\nevent: x" } },
    { type: "content_block_stop", index: 0 },
  ];
  const tool = [
    { type: "content_block_start", index: 0, content_block: { type: "tool_use", id: "t", name: "disk_wipe", input: {} } },
    { type: "content_block_delta", index: 0, delta: { type: "input_json_delta", partial_json: '{"path":"/"}' } },
    { type: "content_block_stop", index: 0 },
  ];
  const sse = (all: readonly Readonly<Record<string, unknown>>[]) =>
    all.map((event) => `event: ${String(event.type)}\ndata: ${JSON.stringify(event)}\n\n`).join("");
  const answerStream = (wire: Buffer, piece = 7) => {
    upstream.answer = (_request, res) => {
      res.writeHead(200, { "content-type": "application/vnd.amazon.eventstream" });
      for (let at = 0; at < wire.length; at += piece) res.write(wire.subarray(at, at + piece));
      res.end();
    };
  };

  test("Anthropic's messages go through InvokeModel, signed, less what stands in the path; the rest byte for byte", async () => {
    await start(claude, keys);
    upstream.answer = (_request, res) => sendJson(res, message);
    const body = `{ "model" : "m", "max_tokens":9,"metadata":{"n":1.10},\n"messages":[{"role":"user","content":"\\u00e9"}], "stream": false }`;
    const answer = await gateway.call("/v1/messages", body, { "anthropic-beta": "a-1, b-2" });
    expect(answer.status, answer.text).toBe(200);
    expect(answer.body).toEqual(message);
    const [seen] = upstream.seen;
    expect(seen!.path).toBe("/model/anthropic.claude-3-5-sonnet-20241022-v2%3A0/invoke");
    expect(seen!.body.toString()).toBe(
      `{"anthropic_version":"bedrock-2023-05-31","anthropic_beta":["a-1","b-2"],"max_tokens":9,"metadata":{"n":1.10},"messages":[{"role":"user","content":"\\u00e9"}]}`,
    );
    expect(isSigned(seen!, secretAccessKey)).toBe(true);
    expect(isSigned({ ...seen!, body: Buffer.from("{}") }, secretAccessKey)).toBe(false);
    expect(seen!.headers["x-amz-security-token"]).toBe("session==");
    expect(seen!.headers.authorization).toContain("/eu-central-1/bedrock/aws4_request");
    expect(JSON.stringify([gateway.evidence.entries, gateway.logged])).not.toContain("wJalr");
  });

  test("its event stream comes as the events that Anthropic's clients read, in every mode", async () => {
    for (const tier of ["T0", "T2", "T3"] as const) {
      await start(claude, "ABSK-bearer", { tier });
      answerStream(invokeStream(events(text)));
      const answer = await gateway.call("/v1/messages", { ...hello, stream: true });
      expect(answer.headers.get("content-type")).toContain("text/event-stream");
      expect(answer.text).toBe(sse(events(text)));
      expect(upstream.seen.at(-1)!.path).toContain("/invoke-with-response-stream");
      expect(upstream.seen.at(-1)!.headers.authorization).toBe("Bearer ABSK-bearer");
      expect(gateway.evidence.terminals()).toEqual(["done"]);
      await gateway.close();
    }
  });

  test("a tool that nobody granted never leaves its stream; a held one is kept in the form its caller reads", async () => {
    await start(claude, keys);
    answerStream(invokeStream(events(tool)));
    const refused = (await gateway.call("/v1/messages", { ...hello, stream: true })).text;
    expect(refused).toContain('"unknown_tool"');
    expect(refused).not.toContain("content_block");
    await gateway.close();
    await start(claude, keys, { tier: "T2", tools: [testTool("disk.wipe", { effect: "deletes", reversible: false })] });
    answerStream(invokeStream(events(tool)));
    // A session that has read something asks a person before it deletes.
    const tainted = {
      ...hello,
      stream: true,
      messages: [
        ...hello.messages,
        { role: "assistant", content: [{ type: "tool_use", id: "a", name: "read", input: {} }] },
        { role: "user", content: [{ type: "tool_result", tool_use_id: "a", content: "read something" }] },
      ],
    };
    const held = await gateway.call("/v1/messages", tainted);
    const id = /x-mandate-approval: (apr_\d+)/.exec(held.text)?.[1];
    expect(id, held.text).toBeDefined();
    gateway.control.decide(id!, "approved");
    const released = await gateway.call("/v1/messages", tainted, { "x-mandate-approval": id! });
    expect(released.text).toBe(sse(events(tool)));
    expect(released.headers.get("content-type")).toContain("text/event-stream");
    expect(upstream.seen).toHaveLength(2);
  });

  test("an exception inside the stream reaches the caller as Anthropic's own error event", async () => {
    await start(claude, keys);
    answerStream(Buffer.concat([invokeStream(events(text).slice(0, 3)), awsException("throttlingException", "Too many tokens")]));
    expect((await gateway.call("/v1/messages", { ...hello, stream: true })).text).toContain(
      'event: error\ndata: {"type":"error","error":{"type":"overloaded_error","message":"Too many tokens"}}\n\n',
    );
  });

  test("cut or flipped anywhere, no altered message and no half of one gets through", async () => {
    await start(claude, keys);
    const wire = invokeStream(events(text));
    const whole = sse(events(text));
    for (let at = 0; at < wire.length; at += 23) {
      answerStream(wire.subarray(0, at), 97);
      const cut = (await gateway.call("/v1/messages", { ...hello, stream: true })).text.split("event: error\n")[0]!;
      expect(whole.startsWith(cut.startsWith("{") ? "" : cut)).toBe(true);
      const flipped = Buffer.from(wire);
      flipped[at]! ^= 0x10;
      answerStream(flipped, 97);
      const bent = (await gateway.call("/v1/messages", { ...hello, stream: true })).text.split("event: error\n")[0]!;
      expect(whole.startsWith(bent.startsWith("{") ? "" : bent), String(at)).toBe(true);
    }
    expect(new Set(gateway.evidence.terminals())).toEqual(new Set(["upstream_cut"]));
  });

  test("OpenAI's chat completions have Bedrock's own path for them", async () => {
    await start({ protocol: "bedrock", upstream: "openai.gpt-oss-120b-1:0", served: ["openai.gpt-oss-120b-1:0"] }, keys);
    upstream.answer = (_request, res) => sendJson(res, chatAnswer("Hello.", {}, "openai.gpt-oss-120b-1:0"));
    expect((await gateway.call("/v1/chat/completions", hello)).status).toBe(200);
    expect(upstream.seen[0]!.path).toBe("/openai/v1/chat/completions");
    expect(isSigned(upstream.seen[0]!, secretAccessKey)).toBe(true);
  });

  test("without a region there is nothing to sign for: refused before a byte leaves", async () => {
    await start(claude, `AKIAIOSFODNN7EXAMPLE:${secretAccessKey}`);
    const answer = await gateway.call("/v1/messages", hello);
    expect([answer.status, answer.body.error.code]).toEqual([502, "upstream_unreachable"]);
    expect(answer.text).not.toContain("wJalr");
    expect(upstream.seen).toHaveLength(0);
    expect(gateway.evidence.terminals()).toEqual(["refused"]);
  });

  test("surfaces that Bedrock doesn't speak are refused with the one to use", async () => {
    await start(claude, keys);
    for (const [path, body] of [
      ["/v1/responses", { model: "m", input: "x", store: false }],
      ["/v1/messages/count_tokens", hello],
      ["/v1/embeddings", { model: "m", input: "x" }],
      ["/v1beta/models/m:generateContent", { contents: [{ parts: [{ text: "x" }] }] }],
    ] as const) {
      const answer = await gateway.call(path, body);
      expect([answer.status, answer.text.includes("/v1/messages")], answer.text).toEqual([422, true]);
    }
    expect(upstream.connections).toBe(0);
  });
});

test("a key goes where its provider reads it, and no other header of the caller's does", async () => {
  for (const [protocol, path, header] of [
    ["openai", "/v1/chat/completions", "authorization"],
    ["anthropic", "/v1/messages", "x-api-key"],
    ["azure-openai", "/v1/chat/completions", "api-key"],
  ] as const) {
    await start({ protocol }, "the-secret");
    await gateway.call(path, hello, { cookie: "a=b", "x-forwarded-for": "10.0.0.1", "openai-organization": "org", "x-mandate-session": "s" });
    const { headers } = upstream.seen.at(-1)!;
    expect(String(headers[header])).toContain("the-secret");
    for (const name of ["cookie", "x-forwarded-for", "openai-organization", "x-mandate-session"]) expect(headers[name]).toBeUndefined();
    await gateway.close();
  }
});

test("members taken from a body leave every other byte, wherever they stand and however they are written", () => {
  const change = { without: ["a", "b"], first: { x: 1 } };
  for (const [body, expected] of [
    ['{"a":1,"b":[2],"c":3}', '{"x":1,"c":3}'],
    ['{"c":1e2,"a":{"a":1}}', '{"x":1,"c":1e2}'],
    ['{"c":1 , "\\u0061" : "q\\"" , "b":2 }', '{"x":1,"c":1}'],
    ['{"\\"c:" :"\\\\" }', '{"x":1,"\\"c:" :"\\\\"}'],
    ['{"a":1}', '{"x":1}'],
    ['{}', '{"x":1}'],
    ['{"c":"a","d":{"b":1}}', '{"x":1,"c":"a","d":{"b":1}}'],
  ] as const) {
    expect(withMembers(Buffer.from(body), 9, change).toString()).toBe(expected);
  }
});
