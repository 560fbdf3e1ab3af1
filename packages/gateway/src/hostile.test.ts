import { request as httpRequest } from "node:http";
import { connect } from "node:net";
import { afterEach, beforeEach, describe, expect, test } from "vitest";
import { testCredential, testFacts, testKey, testModel, testSnapshot, testSystem, testTool } from "./testing/facts.ts";
import { startTestGateway, type TestGateway } from "./testing/gateway.ts";
import { chatAnswer, chatStream, sendJson, startTestUpstream, type TestUpstream } from "./testing/upstream.ts";
import type { GatewayLimits } from "./options.ts";
import type { Snapshot } from "./snapshot.ts";
import type { SystemFacts, Tier } from "@mandate/model";

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
  more: { system?: Partial<SystemFacts>; snapshot?: Partial<Snapshot>; limits?: Partial<GatewayLimits> } = {},
): Promise<void> {
  gateway = await startTestGateway(
    testSnapshot(testFacts(upstream.endpoint, testSystem(tier, more.system)), more.snapshot),
    { limits: more.limits },
  );
}

const hello = { model: "gpt-test", messages: [{ role: "user", content: "Say hello." }] };
const streaming = { ...hello, stream: true };

/** Everything a raw socket gets back for these bytes. */
function raw(bytes: string | Buffer, waitMs = 4_000): Promise<string> {
  return new Promise((resolve) => {
    const socket = connect(gateway.port, "127.0.0.1", () => socket.write(bytes));
    let text = "";
    const timer = setTimeout(() => socket.destroy(), waitMs);
    socket.on("data", (chunk) => (text += chunk.toString()));
    socket.on("error", () => undefined);
    socket.on("close", () => {
      clearTimeout(timer);
      resolve(text);
    });
  });
}

describe("bad input", () => {
  const deep = `{"model":"gpt-test","messages":${"[".repeat(100)}${"]".repeat(100)}}`;
  const bodies: [string, string | Buffer, number, string][] = [
    ["nothing", "", 400, "unreadable_body"],
    ["broken JSON", '{"model":', 400, "unreadable_body"],
    ["an array", "[]", 400, "unreadable_body"],
    [
      "invalid UTF-8",
      Buffer.concat([
        Buffer.from('{"model":"gpt-test","messages":[{"role":"user","content":"'),
        Buffer.from([0xc3, 0x28]),
        Buffer.from('"}]}'),
      ]),
      400,
      "unreadable_body",
    ],
    ["a member twice", '{"model":"gpt-test","model":"gpt-real","messages":[]}', 400, "unreadable_body"],
    [
      "a member twice, spelled differently",
      '{"model":"gpt-test","mod\\u0065l":"gpt-real","messages":[{"role":"user","content":"x"}]}',
      400,
      "unreadable_body",
    ],
    [
      "a member twice, deep inside",
      '{"model":"gpt-test","messages":[{"role":"user","content":"a","content":"b"}]}',
      400,
      "unreadable_body",
    ],
    ["nesting without end", deep, 400, "unreadable_body"],
    ["a number for a model", '{"model":7,"messages":[{"role":"user","content":"x"}]}', 400, "unreadable_body"],
    ["no messages", '{"model":"gpt-test"}', 400, "unreadable_body"],
    ["an unknown role", '{"model":"gpt-test","messages":[{"role":"root","content":"x"}]}', 400, "unreadable_body"],
    [
      "stream of the wrong type",
      '{"model":"gpt-test","stream":"yes","messages":[{"role":"user","content":"x"}]}',
      400,
      "unreadable_body",
    ],
    ["an unknown model", '{"model":"__proto__","messages":[{"role":"user","content":"x"}]}', 403, "not_granted"],
    [
      "a byte order mark",
      Buffer.concat([Buffer.from([0xef, 0xbb, 0xbf]), Buffer.from(JSON.stringify(hello))]),
      400,
      "unreadable_body",
    ],
  ];
  for (const [what, body, status, code] of bodies) {
    test(`${what}: ${status} ${code}, recorded, and nothing goes upstream`, async () => {
      await start();
      const answer = await gateway.call("/v1/chat/completions", body);
      expect([answer.status, answer.body?.error?.code], answer.text).toEqual([status, code]);
      expect(answer.body.error.remedies.length).toBeGreaterThan(0);
      expect(gateway.evidence.of("decision")).toHaveLength(1);
      expect(upstream.connections).toBe(0);
    });
  }

  test("too large, declared or not: 413, and the rest is not read", async () => {
    await start("T0", { limits: { maxBodyBytes: 1000 } });
    const declared = await gateway.call("/v1/messages", JSON.stringify({ ...hello, pad: "x".repeat(2000) }));
    expect([declared.status, declared.body.error.type, declared.body.error.code]).toEqual([
      413,
      "request_too_large",
      "payload_too_large",
    ]);
    const chunk = `400\r\n${"x".repeat(1024)}\r\n`;
    const answer = await raw(
      `POST /v1/chat/completions HTTP/1.1\r\nhost: x\r\nauthorization: Bearer ${testKey}\r\ntransfer-encoding: chunked\r\n\r\n${chunk.repeat(8)}`,
    );
    expect(answer).toMatch(/^HTTP\/1\.1 413/);
  });

  test("a body that trickles is given up in time", async () => {
    await start("T0", { limits: { bodyTimeoutMs: 100 } });
    const answer = await raw(
      `POST /v1/chat/completions HTTP/1.1\r\nhost: x\r\nauthorization: Bearer ${testKey}\r\ncontent-length: 500\r\n\r\n{`,
    );
    expect(answer).toMatch(/^HTTP\/1\.1 400[\s\S]*unreadable_body/);
  });

  test("a flood of headers is refused before there is a request", async () => {
    await start();
    const answer = await raw(
      `POST /v1/chat/completions HTTP/1.1\r\nhost: x\r\n${"a: ".padEnd(1000, "b").concat("\r\n").repeat(40)}\r\n`,
    );
    expect(answer).toMatch(/^HTTP\/1\.1 431/);
  });

  test("bytes that are no HTTP get a 400 and no crash", async () => {
    await start();
    expect(await raw("\x16\x03\x01\x02 nonsense\r\n\r\n")).toMatch(/^HTTP\/1\.1 400/);
    expect((await gateway.call("/v1/chat/completions", hello)).status).toBe(200);
  });

  test("path tricks name no route, in the caller's format, and are recorded", async () => {
    await start();
    for (const path of [
      "/v1//chat/completions",
      "/v1/chat/completions/",
      "/V1/chat/completions",
      "/v1/chat%2fcompletions",
      "/v1/./models",
      "/v1/chat/../models",
      "/admin",
      "//v1/models",
      "/v1/models/gpt-test",
    ]) {
      const answer = await raw(
        `POST ${path} HTTP/1.1\r\nhost: x\r\nauthorization: Bearer ${testKey}\r\nconnection: close\r\ncontent-length: 2\r\n\r\n{}`,
      );
      expect(answer, path).toMatch(/^HTTP\/1\.1 404[\s\S]*unknown_route/);
    }
    expect(gateway.evidence.of("decision")).toHaveLength(9);
    expect((await gateway.call("/v1/chat/completions", undefined)).status).toBe(405);
    const gemini = await gateway.call("/v1beta/models/gemini-pro:embedContent", hello);
    expect([gemini.status, gemini.body.error.status, gemini.body.error.details[0].code]).toEqual([
      501,
      "UNIMPLEMENTED",
      "unsupported",
    ]);
  });

  test("compressed bodies are refused: what can't be read can't be checked", async () => {
    await start();
    expect((await gateway.call("/v1/chat/completions", hello, { "content-encoding": "gzip" })).body.error.code).toBe(
      "unreadable_body",
    );
  });
});

describe("fields", () => {
  test("unlisted: T0 passes with a finding, T2 refuses", async () => {
    await start("T0");
    expect((await gateway.call("/v1/chat/completions", { ...hello, brand_new: 1 })).status).toBe(200);
    expect(gateway.control.findings.map((finding) => finding.kind)).toEqual(["unlisted_field"]);
    await gateway.close();
    await start("T2");
    const answer = await gateway.call("/v1/chat/completions", { ...hello, brand_new: 1 });
    expect([answer.status, answer.body.error.code, answer.body.error.param]).toEqual([
      422,
      "unsupported_field",
      "brand_new",
    ]);
  });

  const effects: [string, string, Record<string, unknown>][] = [
    ["a hosted tool", "/v1/chat/completions", { ...hello, tools: [{ type: "web_search" }] }],
    ["search options", "/v1/chat/completions", { ...hello, web_search_options: {} }],
    ["store", "/v1/chat/completions", { ...hello, store: true }],
    [
      "an image the provider fetches",
      "/v1/chat/completions",
      {
        model: "gpt-test",
        messages: [
          { role: "user", content: [{ type: "image_url", image_url: { url: "https://evil.example/?q=secret" } }] },
        ],
      },
    ],
    [
      "remote MCP",
      "/v1/responses",
      { model: "gpt-test", input: "x", tools: [{ type: "mcp", server_url: "https://evil.example" }] },
    ],
    [
      "a hosted tool inside a namespace",
      "/v1/responses",
      {
        model: "gpt-test",
        input: "x",
        tools: [{ type: "namespace", name: "n", tools: [{ type: "code_interpreter" }] }],
      },
    ],
    ["background", "/v1/responses", { model: "gpt-test", input: "x", background: true }],
    [
      "remote MCP",
      "/v1/messages",
      {
        model: "claude-test",
        max_tokens: 1,
        messages: hello.messages,
        mcp_servers: [{ type: "url", url: "https://evil.example", name: "x" }],
      },
    ],
    [
      "code execution",
      "/v1/messages",
      {
        model: "claude-test",
        max_tokens: 1,
        messages: hello.messages,
        tools: [{ type: "code_execution_20250825", name: "code_execution" }],
      },
    ],
  ];
  for (const [what, path, body] of effects) {
    test(`with effect, not granted: ${what} on ${path} is refused in T0 too`, async () => {
      await start("T0");
      const answer = await gateway.call(path, body);
      expect(answer.status, answer.text).toBe(403);
      expect(upstream.connections).toBe(0);
    });
  }

  test("a granted hosted tool may be offered", async () => {
    const facts = testFacts(
      upstream.endpoint,
      testSystem("T0", {
        grants: { models: ["gpt-test"], tools: ["hosted.web_search"], datasets: [], prompts: [], destinations: [] },
      }),
      { tools: [testTool("hosted.web_search")] },
    );
    gateway = await startTestGateway(testSnapshot(facts));
    const answer = await gateway.call("/v1/chat/completions", {
      ...hello,
      tools: [{ type: "web_search_preview_2025_03_11" }],
    });
    expect(answer.status, answer.text).toBe(200);
  });

  test("what the provider does by default is asked for too: Responses without `store` is refused in T2, a finding in T0", async () => {
    await start("T2");
    const silent = { model: "gpt-test", input: "x" };
    for (const body of [silent, { ...silent, store: null }]) {
      const answer = await gateway.call("/v1/responses", body);
      expect([answer.status, answer.body.error.code, answer.body.error.param]).toEqual([
        422,
        "unsupported_field",
        "store",
      ]);
      expect(answer.body.error.remedies[0].text).toContain('"store": false');
    }
    expect((await gateway.call("/v1/responses", { ...silent, store: true })).status).toBe(403);
    expect(upstream.connections).toBe(0);
    await gateway.close();
    await start("T0");
    expect((await gateway.call("/v1/responses", silent)).status).toBe(200);
    expect(gateway.control.findings.map((finding) => finding.kind)).toContain("implied_effect");
  });

  test("a reference to something we did not issue is refused; one we issued passes", async () => {
    await start("T2");
    const foreign = await gateway.call("/v1/responses", {
      model: "gpt-test",
      input: "x",
      store: false,
      previous_response_id: "resp_1",
    });
    expect([foreign.status, foreign.body.error.param]).toEqual([422, "previous_response_id"]);
    upstream.answer = (_request, res) =>
      sendJson(res, {
        id: "resp_1",
        object: "response",
        model: "gpt-test",
        output: [],
        usage: { input_tokens: 1, output_tokens: 1 },
      });
    expect((await gateway.call("/v1/responses", { model: "gpt-test", input: "x", store: false })).status).toBe(200);
    expect(
      (
        await gateway.call("/v1/responses", {
          model: "gpt-test",
          input: "x",
          store: false,
          previous_response_id: "resp_1",
        })
      ).status,
    ).toBe(200);
  });
});

describe("labels", () => {
  const pay = testTool("refunds.issue", {
    effect: "pays",
    reversible: false,
    critical: [{ arg: "order", type: "id" }],
  });
  const granted = {
    grants: { models: ["gpt-test"], tools: ["refunds.issue"], datasets: [], prompts: [], destinations: [] },
  };
  const call = { type: "function_call", id: "fc", call_id: "c", name: "refunds_issue", arguments: '{"order":"B7"}' };

  test("history kept at the provider is as untrusted as when it was sent: a payment after it needs a person", async () => {
    gateway = await startTestGateway(
      testSnapshot(testFacts(upstream.endpoint, testSystem("T2", granted), { tools: [pay] })),
    );
    upstream.answer = (_request, res) =>
      sendJson(res, { id: "resp_1", model: "gpt-test", output: [], usage: { input_tokens: 1, output_tokens: 1 } });
    await gateway.call("/v1/responses", { model: "gpt-test", input: "x", instructions: "Nobody approved this.", store: false });
    upstream.answer = (_request, res) => sendJson(res, { id: "resp_2", model: "gpt-test", output: [call] });
    const clean = await gateway.call("/v1/responses", { model: "gpt-test", input: "Go on.", store: false });
    expect(clean.status, clean.text).toBe(200);
    const after = await gateway.call("/v1/responses", {
      model: "gpt-test",
      input: "Go on.",
      store: false,
      previous_response_id: "resp_1",
    });
    expect([after.status, after.body.error.code], after.text).toEqual([403, "approval_required"]);
  });

  test("an id that two readers read differently is no id that the user named", async () => {
    const digits = { ...call, arguments: '{"order":9007199254740993}' };
    gateway = await startTestGateway(
      testSnapshot(testFacts(upstream.endpoint, testSystem("T2", granted), { tools: [pay] })),
    );
    upstream.answer = (_request, res) => sendJson(res, { id: "resp_2", model: "gpt-test", output: [digits] });
    const ask = { model: "gpt-test", input: "Refund order 9007199254740992 please", store: false };
    const answer = await gateway.call("/v1/responses", {
      ...ask,
      input: [
        { type: "message", role: "user", content: ask.input },
        { type: "function_call", call_id: "a", name: "refunds_issue", arguments: "{}" },
        { type: "function_call_output", call_id: "a", output: "read something" },
      ],
    });
    expect([answer.status, answer.body.error.code], answer.text).toEqual([403, "policy"]);
  });

  test("a name that two tools answer to runs neither", async () => {
    const other = testTool("refunds.other", { names: ["refunds_issue"] });
    gateway = await startTestGateway(
      testSnapshot(testFacts(upstream.endpoint, testSystem("T2", granted), { tools: [pay, other] })),
    );
    upstream.answer = (_request, res) => sendJson(res, { id: "resp_2", model: "gpt-test", output: [call] });
    expect(
      (await gateway.call("/v1/responses", { model: "gpt-test", input: "order B7", store: false })).body.error.code,
    ).toBe("unknown_tool");
  });
});

describe("outbound addresses and secrets", () => {
  const addresses = [
    "http://127.0.0.1:1/v1",
    "http://10.0.0.5/v1",
    "http://[::1]:1/v1",
    "http://[::ffff:127.0.0.1]:1/v1",
    "http://169.254.169.254/v1",
    "http://0.0.0.0:1/v1",
    "http://localhost:1/v1",
    "http://2130706433/v1",
    "http://100.64.1.1/v1",
    "http://[fd00:ec2::254]/v1",
  ];
  for (const endpoint of addresses) {
    test(`${endpoint} is not called unless allowed`, async () => {
      gateway = await startTestGateway(testSnapshot(testFacts(endpoint, testSystem("T0")), { outboundAllow: [] }));
      const answer = await gateway.call("/v1/chat/completions", hello);
      expect([answer.status, answer.body.error.code], answer.text).toEqual([502, "upstream_unreachable"]);
      expect(answer.body.error.message).toMatch(/does not call/);
      expect(gateway.evidence.terminals()).toEqual(["refused"]);
    });
  }

  test("metadata addresses stay closed whatever an administrator allows", async () => {
    gateway = await startTestGateway(
      testSnapshot(testFacts("http://169.254.169.254/v1", testSystem("T0")), {
        outboundAllow: ["0.0.0.0/0", "169.254.169.254:80"],
      }),
    );
    expect((await gateway.call("/v1/chat/completions", hello)).body.error.message).toMatch(/does not call/);
  });

  test("host:port allows exactly that", async () => {
    await start("T0", { snapshot: { outboundAllow: [`127.0.0.1:${upstream.port}`] } });
    expect((await gateway.call("/v1/chat/completions", hello)).status).toBe(200);
    await gateway.close();
    await start("T0", { snapshot: { outboundAllow: [`127.0.0.1:${upstream.port + 1}`] } });
    expect((await gateway.call("/v1/chat/completions", hello)).status).toBe(502);
  });

  test("a secret goes to its own hosts alone", async () => {
    const facts = testFacts(upstream.endpoint, testSystem("T0"), {
      models: [testModel(upstream.endpoint, { credential: "prod" })],
    });
    gateway = await startTestGateway(
      testSnapshot(facts, {
        secrets: [{ name: "prod", value: "sk-canary-123", hosts: [`127.0.0.1:${upstream.port}`] }],
      }),
    );
    expect((await gateway.call("/v1/chat/completions", hello)).status).toBe(200);
    expect(upstream.seen[0]!.headers.authorization).toBe("Bearer sk-canary-123");
    gateway.control.publish(
      testSnapshot(facts, {
        version: 8,
        secrets: [{ name: "prod", value: "sk-canary-123", hosts: ["api.example.com"] }],
      }),
    );
    const answer = await gateway.call("/v1/chat/completions", hello);
    expect(answer.status).toBe(502);
    expect(upstream.seen).toHaveLength(1);
    expect(answer.text + JSON.stringify(gateway.evidence.entries) + gateway.logged.join()).not.toContain("sk-canary");
  });

  test("a redirect is not followed", async () => {
    await start();
    upstream.answer = (_request, res) =>
      res.writeHead(307, { location: `http://127.0.0.1:${upstream.port}/v1/elsewhere` }).end();
    const answer = await gateway.call("/v1/chat/completions", hello);
    expect([answer.status, answer.body.error.code]).toEqual([502, "upstream_unreachable"]);
    expect(upstream.seen).toHaveLength(1);
  });

  test("a provider's 401 or 403 is not mistaken for a refusal of ours; its 400 and 429 pass unchanged", async () => {
    await start();
    for (const [status, expected] of [
      [401, 502],
      [403, 502],
      [500, 502],
      [400, 400],
      [429, 429],
    ] as const) {
      upstream.answer = (_request, res) =>
        res
          .writeHead(status, { "content-type": "application/json", "retry-after": "3" })
          .end('{"error":{"message":"theirs"}}');
      const answer = await gateway.call("/v1/chat/completions", hello);
      expect(answer.status).toBe(expected);
      if (expected < 500) expect(answer.text).toBe('{"error":{"message":"theirs"}}');
    }
  });
});

describe("the answer", () => {
  test("from a model that is not on the accepted list: T0 passes with a finding, T2 is refused", async () => {
    upstream.answer = (_request, res) => sendJson(res, chatAnswer("x", {}, "gpt-other"));
    await start("T0");
    expect((await gateway.call("/v1/chat/completions", hello)).status).toBe(200);
    expect(gateway.control.findings.map((finding) => finding.kind)).toEqual(["unlisted_served_model"]);
    gateway.clock.nowMs += 15 * 86_400_000;
    gateway.control.confirmed = gateway.clock.nowMs;
    await gateway.close();
    await start("T2");
    const answer = await gateway.call("/v1/chat/completions", hello);
    expect([answer.status, answer.body.error.code, answer.body.error.param]).toEqual([
      403,
      "reassessment_required",
      "served:gpt-other",
    ]);
  });

  test("a tool call that stands only in the final summary of a stream is decided too", async () => {
    await start();
    const call = { type: "function_call", id: "fc", call_id: "c", name: "wipe", arguments: "{}" };
    const events = [
      { type: "response.created", response: { id: "r", model: "gpt-test", output: [] } },
      { type: "response.completed", response: { id: "r", model: "gpt-test", output: [call] } },
    ];
    upstream.answer = (_request, res) =>
      res
        .writeHead(200, { "content-type": "text/event-stream" })
        .end(events.map((event) => `event: ${event.type}\ndata: ${JSON.stringify(event)}\n\n`).join(""));
    const answer = await gateway.call("/v1/responses", { model: "gpt-test", input: "x", stream: true });
    expect(answer.text).toContain("unknown_tool");
    expect(answer.text).not.toContain('wipe","arguments');
  });

  test("a second name in a later delta can't hide behind the first", async () => {
    const facts = testFacts(
      upstream.endpoint,
      testSystem("T0", {
        grants: { models: ["gpt-test"], tools: ["orders.lookup"], datasets: [], prompts: [], destinations: [] },
      }),
      { tools: [testTool("orders.lookup")] },
    );
    gateway = await startTestGateway(testSnapshot(facts));
    const delta = (name: string) => ({
      tool_calls: [{ index: 0, id: "c", type: "function", function: { name, arguments: "" } }],
    });
    upstream.answer = (_request, res) =>
      res
        .writeHead(200, { "content-type": "text/event-stream" })
        .end(chatStream([delta("orders_lookup"), delta("wipe_disk")], "tool_calls"));
    expect((await gateway.call("/v1/chat/completions", streaming)).text).toContain("unknown_tool");
  });

  test("compressed answers are withheld", async () => {
    await start();
    upstream.answer = (_request, res) =>
      res.writeHead(200, { "content-type": "application/json", "content-encoding": "gzip" }).end("x");
    expect((await gateway.call("/v1/chat/completions", hello)).status).toBe(502);
  });

  test("one larger than the limit is given up", async () => {
    await start("T0", { limits: { maxAnswerBytes: 500 } });
    upstream.answer = (_request, res) => sendJson(res, chatAnswer("x".repeat(1000)));
    expect((await gateway.call("/v1/chat/completions", hello)).status).toBe(502);
    expect(gateway.evidence.terminals()).toEqual(["upstream_cut"]);
  });
});

describe("how a stream ends: one terminal record each", () => {
  const first = chatStream([{ content: "one" }]).split("\n\n")[0]!;

  test("the caller leaves: the upstream is cut and the record says aborted", async () => {
    await start();
    let upstreamClosed!: () => void;
    const closed = new Promise<void>((resolve) => (upstreamClosed = resolve));
    upstream.answer = (_request, res) => {
      res.writeHead(200, { "content-type": "text/event-stream" }).write(`${first}\n\n`);
      res.on("close", upstreamClosed);
    };
    const abort = new AbortController();
    const response = await fetch(`${gateway.url}/v1/chat/completions`, {
      method: "POST",
      headers: { authorization: `Bearer ${testKey}` },
      body: JSON.stringify(streaming),
      signal: abort.signal,
    });
    await response.body!.getReader().read();
    abort.abort();
    await closed;
    await expect.poll(() => gateway.evidence.terminals()).toEqual(["aborted"]);
  });

  test("the upstream is cut: what came is passed on, then an error event", async () => {
    await start();
    upstream.answer = (_request, res) => {
      res.writeHead(200, { "content-type": "text/event-stream" }).write(`${first}\n\n`);
      setTimeout(() => res.destroy(), 20);
    };
    const answer = await gateway.call("/v1/chat/completions", streaming);
    expect(answer.text.startsWith(`${first}\n\nevent: error\ndata: `)).toBe(true);
    expect(answer.text).toContain("upstream_unreachable");
    expect(gateway.evidence.terminals()).toEqual(["upstream_cut"]);
  });

  test("the upstream is cut inside a tool call: no byte of the call leaves", async () => {
    await start();
    upstream.answer = (_request, res) => {
      res
        .writeHead(200, { "content-type": "text/event-stream" })
        .write(
          `${chatStream([{ tool_calls: [{ index: 0, id: "c", function: { name: "wipe", arguments: '{"a' } }] }]).split("\n\n")[0]!}\n\n`,
        );
      setTimeout(() => res.destroy(), 20);
    };
    expect((await gateway.call("/v1/chat/completions", streaming)).text).not.toContain("wipe");
  });

  test("suspending the system cuts what runs", async () => {
    await start();
    upstream.answer = (_request, res) =>
      res.writeHead(200, { "content-type": "text/event-stream" }).write(`${first}\n\n`);
    const running = gateway.call("/v1/chat/completions", streaming);
    await expect.poll(() => upstream.seen.length).toBe(1);
    await new Promise((done) => setTimeout(done, 30));
    gateway.control.publish(
      testSnapshot(
        testFacts(
          upstream.endpoint,
          testSystem("T0", { lifecycle: "suspended", status: "refused", statusCode: "system_suspended" }),
        ),
        { version: 8 },
      ),
    );
    expect((await running).text).toContain("system_suspended");
    expect(gateway.evidence.terminals()).toEqual(["blocked"]);
  });

  test("revoking a key, or stopping a model, cuts the streams that run with it and no others", async () => {
    await start();
    const facts = testFacts(upstream.endpoint, testSystem("T0"));
    const model = facts.models[0]!;
    for (const [version, changes, code] of [
      [8, { credentials: [testCredential({ state: "revoked" })] }, "credential_revoked"],
      [9, { facts: { ...facts, models: [{ ...model, stopped: true }] } }, "policy"],
    ] as const) {
      gateway.control.publish(testSnapshot(facts, { version: version - 0.5 }));
      upstream.answer = (_request, res) =>
        res.writeHead(200, { "content-type": "text/event-stream" }).write(`${first}\n\n`);
      const before = upstream.seen.length;
      const running = gateway.call("/v1/chat/completions", streaming);
      await expect.poll(() => upstream.seen.length).toBe(before + 1);
      await new Promise((done) => setTimeout(done, 30));
      gateway.control.publish(testSnapshot(facts, { version, ...changes }));
      expect((await running).text).toContain(code);
    }
    expect(gateway.evidence.terminals()).toEqual(["blocked", "blocked"]);
  });

  test("a model stopped while the call's intent was written is not called", async () => {
    await start();
    const { promise, resolve } = Promise.withResolvers<void>();
    gateway.evidence.gate = promise;
    const call = gateway.call("/v1/chat/completions", streaming);
    await new Promise((done) => setTimeout(done, 50));
    const facts = testFacts(upstream.endpoint, testSystem("T0"));
    gateway.control.publish(testSnapshot({ ...facts, models: [{ ...facts.models[0]!, stopped: true }] }, { version: 8 }));
    resolve();
    expect((await call).body.error.code).toBe("policy");
    expect(upstream.seen).toEqual([]);
    expect(gateway.evidence.terminals()).toEqual(["blocked"]);
  });

  test("an upstream that never answers: 504 in time", async () => {
    await start("T0", { limits: { callMs: 100 } });
    upstream.answer = () => undefined;
    const answer = await gateway.call("/v1/chat/completions", hello);
    expect([answer.status, answer.body.error.code]).toEqual([504, "upstream_timeout"]);
  });

  test("a caller that stops reading holds the upstream back and is cut in time", async () => {
    await start("T0", { limits: { callerIdleMs: 300 } });
    let written = 0;
    upstream.answer = (_request, res) => {
      res.writeHead(200, { "content-type": "text/event-stream" });
      const event = `data: ${JSON.stringify({ model: "gpt-test", choices: [{ index: 0, delta: { content: "x".repeat(32_000) } }] })}\n\n`;
      const pump = (): void => {
        while (written < 200_000_000 && !res.destroyed) {
          written += event.length;
          if (!res.write(event)) return void res.once("drain", pump);
        }
        res.end();
      };
      pump();
    };
    const body = JSON.stringify(streaming);
    const caller = httpRequest({
      port: gateway.port,
      method: "POST",
      path: "/v1/chat/completions",
      headers: { authorization: `Bearer ${testKey}`, "content-length": body.length },
    });
    caller.on("response", (response) => response.pause());
    caller.on("error", () => undefined);
    caller.end(body);
    await expect.poll(() => gateway.evidence.terminals(), { timeout: 8_000 }).toEqual(["aborted"]);
    expect(written).toBeLessThan(40_000_000);
    caller.destroy();
  });

  test("closing lets a running call finish and refuses new ones", async () => {
    await start();
    let answerNow!: () => void;
    upstream.answer = (_request, res) => (answerNow = () => sendJson(res, chatAnswer("late")));
    const running = gateway.call("/v1/chat/completions", hello);
    await expect.poll(() => upstream.seen.length).toBe(1);
    const closing = gateway.gateway.close();
    const refused = await gateway.call("/v1/chat/completions", hello);
    expect([refused.status, refused.body.error.code]).toEqual([503, "control_unavailable"]);
    answerNow();
    expect((await running).status).toBe(200);
    await closing;
  });
});

describe("what stands beside the conversation", () => {
  const key = "sk-proj-abcdefghijklmnopqrstT3BlbkFJabcdefghijklmnopqrst";
  const places: [string, string, Record<string, unknown>][] = [
    ["a tool's description", "/v1/chat/completions", { ...hello, tools: [{ type: "function", function: { name: "f", description: key } }] }],
    ["a predicted output", "/v1/chat/completions", { ...hello, prediction: { type: "content", content: key } }],
    ["metadata", "/v1/chat/completions", { ...hello, metadata: { note: key } }],
    ["a schema", "/v1/chat/completions", { ...hello, response_format: { type: "json_schema", json_schema: { name: "x", description: key } } }],
    ["a field nobody knows", "/v1/chat/completions", { ...hello, brand_new: { note: key } }],
    [
      "the arguments of an earlier call",
      "/v1/chat/completions",
      {
        model: "gpt-test",
        messages: [
          ...hello.messages,
          { role: "assistant", tool_calls: [{ id: "c", type: "function", function: { name: "f", arguments: `{"a":"${key}"}` } }] },
        ],
      },
    ],
    ["the arguments of an earlier call", "/v1/responses", { model: "gpt-test", input: [{ type: "function_call", call_id: "c", name: "f", arguments: `{"a":"${key}"}` }] }],
    ["earlier reasoning", "/v1/responses", { model: "gpt-test", input: [{ type: "reasoning", id: "r", summary: [{ type: "summary_text", text: key }] }] }],
    [
      "the arguments of an earlier call",
      "/v1/messages",
      { model: "claude-test", max_tokens: 1, messages: [{ role: "assistant", content: [{ type: "tool_use", id: "t", name: "f", input: { a: key } }] }] },
    ],
    [
      "a document inside a document",
      "/v1/messages",
      {
        model: "claude-test",
        max_tokens: 1,
        messages: [{ role: "user", content: [{ type: "document", source: { type: "content", content: [{ type: "text", text: key }] } }] }],
      },
    ],
  ];
  for (const [what, path, body] of places)
    test(`${what} on ${path} is checked: a secret in it goes nowhere`, async () => {
      await start("T0");
      const answer = await gateway.call(path, body);
      expect([answer.status, answer.body.error.code], answer.text).toEqual([403, "data_boundary"]);
      expect(upstream.connections).toBe(0);
    });

  const later: [string, string, Record<string, unknown>, number][] = [
    ["tools added by an item", "/v1/responses", { model: "gpt-test", input: [{ type: "additional_tools", role: "developer", tools: [{ type: "web_search" }] }] }, 403],
    ["a yes to a remote server's call", "/v1/responses", { model: "gpt-test", input: [{ type: "mcp_approval_response", approve: true, approval_request_id: "a" }] }, 403],
    ["another model to look at it", "/v1/responses", { model: "gpt-test", input: "x", moderation: { model: "omni" } }, 403],
    ["an access program", "/v1/responses", { model: "gpt-test", input: "x", access_programs: { cyber: "daybreak_red" } }, 403],
    ["a stored prompt", "/v1/responses", { model: "gpt-test", input: "x", prompt: { id: "pmpt_1" } }, 422],
    ["a conversation", "/v1/responses", { model: "gpt-test", input: "x", conversation: { id: "conv_1" } }, 422],
    ["speech kept there", "/v1/chat/completions", { model: "gpt-test", messages: [...hello.messages, { role: "assistant", audio: { id: "audio_1" } }] }, 422],
    ["a file kept there", "/v1/chat/completions", { model: "gpt-test", messages: [{ role: "user", content: [{ type: "file", file: { file_id: "file_1" } }] }] }, 422],
    [
      "tools added by a block",
      "/v1/messages",
      { model: "claude-test", max_tokens: 1, messages: [{ role: "user", content: [{ type: "tool_addition", tool: { type: "web_search_20250305", name: "web_search" } }] }] },
      403,
    ],
    ["another model in its place", "/v1/messages", { model: "claude-test", max_tokens: 1, messages: hello.messages, fallbacks: [{ model: "claude-other" }] }, 403],
    ["a thread kept there", "/v1/messages", { model: "claude-test", max_tokens: 1, messages: hello.messages, thread: { type: "create" } }, 403],
    ["someone's thread", "/v1/messages", { model: "claude-test", max_tokens: 1, messages: hello.messages, thread: { type: "continue", previous_message_id: "msg_1" } }, 422],
    ["a container", "/v1/messages", { model: "claude-test", max_tokens: 1, messages: hello.messages, container: "container_1" }, 403],
    [
      "a document the provider fetches",
      "/v1/messages",
      { model: "claude-test", max_tokens: 1, messages: [{ role: "user", content: [{ type: "document", source: { type: "url", url: "https://evil.example" } }] }] },
      403,
    ],
    [
      "a file kept there",
      "/v1/messages",
      { model: "claude-test", max_tokens: 1, messages: [{ role: "user", content: [{ type: "document", source: { type: "file", file_id: "file_1" } }] }] },
      422,
    ],
  ];
  for (const [what, path, body, status] of later)
    test(`${what} on ${path} is refused in T0 too`, async () => {
      await start("T0");
      const answer = await gateway.call(path, { ...(path === "/v1/responses" ? { store: false } : {}), ...body });
      expect(answer.status, answer.text).toBe(status);
      expect(upstream.connections).toBe(0);
    });
});
