import { afterEach, beforeEach, describe, expect, test } from "vitest";
import type { SystemFacts, Tier } from "@mandate/model";
import type { Snapshot } from "./snapshot.ts";
import { testCredential, testFacts, testModel, testSnapshot, testSystem, testTool } from "./testing/facts.ts";
import { startTestGateway, type TestGateway } from "./testing/gateway.ts";
import {
  chatAnswer,
  chatStream,
  chatToolAnswer,
  sendJson,
  sendSse,
  startTestUpstream,
  type TestUpstream,
} from "./testing/upstream.ts";

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
  system: Partial<SystemFacts> = {},
  snapshot: Partial<Snapshot> = {},
): Promise<void> {
  gateway = await startTestGateway(testSnapshot(testFacts(upstream.endpoint, testSystem(tier, system)), snapshot));
}

const hello = { model: "gpt-test", messages: [{ role: "user", content: "Say hello." }] };

describe("an allowed call", () => {
  test("goes upstream byte for byte and comes back byte for byte, with its ids", async () => {
    await start();
    const raw = '{ "messages":[{"role":"user","content":"h\\u00e9llo ☕"}],\n "model" : "gpt-test" }';
    const answer = await gateway.call("/v1/chat/completions", raw);
    expect(answer.status, answer.text).toBe(200);
    expect(upstream.seen[0]!.body.toString()).toBe(raw);
    expect(answer.text).toBe(JSON.stringify(chatAnswer("Hello.")));
    expect(answer.headers.get("x-mandate-decision")).toMatch(/^dec_/);
    expect(answer.headers.get("x-request-id")).toMatch(/^req_/);
    expect(answer.headers.get("x-mandate-register")).toBe("7");
    expect(answer.headers.get("x-content-type-options")).toBe("nosniff");
    expect(answer.headers.get("content-security-policy")).toContain("sandbox");
  });

  test("never carries the caller's own key upstream", async () => {
    await start();
    await gateway.call("/v1/chat/completions", hello, { "x-api-key": "sk-own" });
    expect(JSON.stringify(upstream.seen[0]!.headers)).not.toMatch(/mdt_test|sk-own|authorization/i);
  });

  test("leaves one intent and one outcome", async () => {
    await start("T2");
    await gateway.call("/v1/chat/completions", hello);
    expect(gateway.evidence.entries.map((entry) => entry.type)).toEqual(["call.intent", "call.outcome"]);
    const [intent, outcome] = gateway.evidence.entries;
    expect(intent!.messages.map((message) => Buffer.from(message).toString())).toEqual([
      '{"role":"user","content":"Say hello."}',
    ]);
    expect(outcome).toMatchObject({ terminal: "done", outcome: "allow", summary: { tokens: { input: 9, output: 4 } } });
  });

  test("changes only the model's name where the provider has another", async () => {
    const facts = testFacts(upstream.endpoint, testSystem("T0"), {
      models: [testModel(upstream.endpoint, { upstream: "gpt-real-2026", served: ["gpt-test"] })],
    });
    gateway = await startTestGateway(testSnapshot(facts));
    const raw =
      '{"user":"gpt-test", "model":  "gpt-test" ,"messages":[{"role":"user","content":"\\"model\\":\\"gpt-test\\""}]}';
    expect((await gateway.call("/v1/chat/completions", raw)).status).toBe(200);
    expect(upstream.seen[0]!.body.toString()).toBe(raw.replace('"model":  "gpt-test"', '"model":  "gpt-real-2026"'));
  });
});

describe("a refused call", () => {
  const refusedStates: [string, Partial<SystemFacts>, Partial<Parameters<typeof testCredential>[0]>, number, string][] =
    [
      [
        "suspended system",
        { lifecycle: "suspended", status: "refused", statusCode: "system_suspended" },
        { state: "revoked" },
        403,
        "system_suspended",
      ],
      [
        "retired system",
        { lifecycle: "retired", status: "refused", statusCode: "system_retired" },
        { state: "revoked" },
        403,
        "system_retired",
      ],
      ["revoked key", {}, { state: "revoked" }, 401, "credential_revoked"],
      ["suspended key", {}, { state: "suspended" }, 401, "credential_suspended"],
      ["expired key", {}, { notAfter: 1_700_000_000 }, 401, "credential_expired"],
      ["key without a system", {}, { system: null }, 403, "not_registered"],
      [
        "ownerless system",
        {
          status: "refused",
          statusCode: "not_authorized",
          missing: ["owners.business"],
          owners: { business: null, technical: "tom@halden.example" },
        },
        {},
        403,
        "not_authorized",
      ],
      [
        "ended authorization",
        {
          authorization: {
            id: "auth_1",
            number: 1,
            type: "pilot",
            state: "granted",
            versionDigest: "d1",
            starts: 1,
            ends: 1_799_999_999,
          },
        },
        {},
        403,
        "authorization_expired",
      ],
      [
        "model not granted",
        { grants: { models: [], tools: [], datasets: [], prompts: [], destinations: [] } },
        {},
        403,
        "not_granted",
      ],
    ];
  for (const [what, system, credential, status, code] of refusedStates) {
    test(`${what}: ${code}, recorded, and the upstream saw no connection`, async () => {
      await start("T0", system, { credentials: [testCredential(credential)] });
      const answer = await gateway.call("/v1/chat/completions", hello);
      expect([answer.status, answer.body.error.code], answer.text).toEqual([status, code]);
      expect(answer.body.error.remedies.length).toBeGreaterThan(0);
      expect(answer.body.error.decision_url).toBe(
        `http://localhost:4600/evidence/${answer.headers.get("x-mandate-decision")}`,
      );
      expect(answer.headers.get("x-should-retry")).toBe("false");
      expect(gateway.evidence.entries.map((entry) => entry.type)).toEqual(["decision"]);
      expect(upstream.connections).toBe(0);
    });
  }

  test("an unknown key is counted, not recorded", async () => {
    await start();
    const answer = await gateway.call("/v1/messages", hello, { authorization: "Bearer nobody" });
    expect([answer.status, answer.body.error.type, answer.body.error.code]).toEqual([
      401,
      "authentication_error",
      "credential_unknown",
    ]);
    expect(answer.body.request_id).toBe(answer.headers.get("x-request-id"));
    expect(gateway.evidence.entries).toEqual([]);
    expect(gateway.gateway.counts().unauthenticated).toEqual({ credential_unknown: 1 });
  });

  test("a gateway that lost its control plane refuses once the tier's bound has passed", async () => {
    await start("T3");
    gateway.clock.nowMs += 5_001;
    const answer = await gateway.call("/v1/chat/completions", hello);
    expect([answer.status, answer.body.error.code]).toEqual([503, "control_unavailable"]);
    expect(answer.headers.get("x-should-retry")).toBeNull();
    expect(upstream.connections).toBe(0);
    expect(gateway.gateway.ready()).toMatchObject({ ready: true, tiersRefused: ["T3"] });
  });

  test("without evidence nothing goes upstream, and readiness says so", async () => {
    await start();
    gateway.evidence.failing = true;
    const answer = await gateway.call("/v1/chat/completions", hello);
    expect([answer.status, answer.body.error.code]).toEqual([503, "evidence_unavailable"]);
    expect(upstream.connections).toBe(0);
    expect((await gateway.call("/readyz", undefined)).status).toBe(503);
  });

  test("an outcome that can't be written withholds the answer", async () => {
    await start();
    upstream.answer = (_request, res) => {
      gateway.evidence.failing = true;
      sendJson(res, chatAnswer("secret answer"));
    };
    const answer = await gateway.call("/v1/chat/completions", hello);
    expect([answer.status, answer.body.error.code]).toEqual([503, "evidence_unavailable"]);
    expect(answer.text).not.toContain("secret answer");
  });

  test("limits refuse with 429 and say when to come back", async () => {
    await start("T0", {
      limits: {
        callsPerDay: 1,
        tokensPerDay: null,
        eurosPerDay: null,
        eurosPerMonth: null,
        peoplePerDay: null,
        callsPerMinute: null,
      },
    });
    expect((await gateway.call("/v1/chat/completions", hello)).status).toBe(200);
    const answer = await gateway.call("/v1/chat/completions", hello);
    expect([answer.status, answer.body.error.code]).toEqual([429, "budget"]);
    expect(Number(answer.headers.get("retry-after"))).toBeGreaterThan(0);
  });
});

describe("a tool call inside an answer", () => {
  const holdPolicy = `@id("refund-limit") @because("Refunds above 80 need a person.") @remedy("Refund less.") @hold("leads;1;30m")
forbid (principal == Mandate::System::"notes", action == Mandate::Action::"tool.call", resource == Mandate::Tool::"refunds.issue")
unless { context has input && context.input has limit && context.input.limit == "small" };`;
  const tools = { models: ["gpt-test"], tools: ["refunds.issue"], datasets: [], prompts: [], destinations: [] };

  async function startWithTool(tier: Tier = "T0") {
    const refund = testTool("refunds.issue", {
      effect: "writes",
      recipients: "caller",
      input: { type: "object", properties: { limit: { type: "string" }, order: { type: "string" } } },
    });
    const facts = testFacts(upstream.endpoint, testSystem(tier, { grants: tools, policies: ["limit"] }), {
      tools: [refund],
      policies: [{ name: "limit", version: 1, cedar: holdPolicy }],
    });
    gateway = await startTestGateway(testSnapshot(facts));
  }

  test("passes when allowed", async () => {
    await startWithTool();
    upstream.answer = (_request, res) => sendJson(res, chatToolAnswer("refunds_issue", { limit: "small" }));
    const answer = await gateway.call("/v1/chat/completions", hello);
    expect(answer.status, answer.text).toBe(200);
  });

  test("is refused when nobody registered it, and its answer stays here", async () => {
    await startWithTool();
    upstream.answer = (_request, res) => sendJson(res, chatToolAnswer("delete_everything", {}));
    const answer = await gateway.call("/v1/chat/completions", hello);
    expect([answer.status, answer.body.error.code], answer.text).toEqual([403, "unknown_tool"]);
    expect(answer.body.choices).toBeUndefined();
    expect(gateway.evidence.terminals()).toEqual(["blocked"]);
  });

  test("held: approved once, the identical request gets the same bytes without a new generation", async () => {
    await startWithTool();
    const bytes = JSON.stringify(chatToolAnswer("refunds_issue", { limit: "large" }));
    upstream.answer = (_request, res) => res.writeHead(200, { "content-type": "application/json" }).end(bytes);
    const held = await gateway.call("/v1/chat/completions", hello);
    expect([held.status, held.body.error.code], held.text).toEqual([403, "approval_required"]);
    const { id, url, expires_at } = held.body.error.approval;
    expect([url, expires_at]).toEqual([`http://localhost:4600/approve/${id}`, expect.stringMatching(/Z$/)]);
    const repeat = (body: unknown = hello) => gateway.call("/v1/chat/completions", body, { "x-mandate-approval": id });
    expect((await repeat()).body.error.approval.id).toBe(id);
    expect(upstream.seen.length).toBe(1);

    gateway.control.decide(id, "approved");
    expect((await repeat({ ...hello, temperature: 1 })).status).toBe(403);
    expect(upstream.seen.length).toBe(2);
    const answer = await repeat();
    expect(answer.status, answer.text).toBe(200);
    expect(answer.text).toBe(bytes);
    expect(upstream.seen.length).toBe(2);
    expect((await repeat()).status).toBe(403);
    expect(gateway.evidence.of("call.outcome").map((entry) => entry.outcome)).toEqual([
      "hold",
      "hold",
      "allow",
      "hold",
    ]);
  });

  test("held in a stream: nothing of the call leaves, then the whole stream comes unchanged", async () => {
    await startWithTool();
    const call = { index: 0, id: "c1", type: "function", function: { name: "refunds_issue", arguments: '{"limit":' } };
    const wire = chatStream(
      [
        { role: "assistant", content: "" },
        { content: "I will." },
        { tool_calls: [call] },
        { tool_calls: [{ index: 0, function: { arguments: '"large"}' } }] },
      ],
      "tool_calls",
    );
    upstream.answer = (_request, res) => sendSse(res, wire);
    const held = await gateway.call("/v1/chat/completions", { ...hello, stream: true });
    expect(held.status).toBe(200);
    expect(held.text).toContain("I will.");
    expect(held.text).not.toContain("refunds_issue");
    const error = JSON.parse(/event: error\ndata: (.*)\n\n$/.exec(held.text)![1]!).error;
    expect(error.code).toBe("approval_required");
    gateway.control.decide(error.approval.id, "approved");
    const answer = await gateway.call(
      "/v1/chat/completions",
      { ...hello, stream: true },
      { "x-mandate-approval": error.approval.id },
    );
    expect(answer.text).toBe(wire);
    expect(answer.headers.get("content-type")).toBe("text/event-stream");
  });

  test("a person's refusal is final", async () => {
    await startWithTool();
    upstream.answer = (_request, res) => sendJson(res, chatToolAnswer("refunds_issue", { limit: "large" }));
    const { id } = (await gateway.call("/v1/chat/completions", hello)).body.error.approval;
    gateway.control.decide(id, "refused");
    const again = await gateway.call("/v1/chat/completions", hello, { "x-mandate-approval": id });
    expect([again.status, again.body.error.code]).toEqual([403, "policy"]);
  });
});

describe("G3, evidence before effect", () => {
  test("nothing goes upstream before the intent is durable, the last byte not before the outcome", async () => {
    await start("T0");
    let open!: () => void;
    gateway.evidence.gate = new Promise((resolve) => (open = resolve));
    upstream.answer = (_request, res) => {
      gateway.evidence.gate = new Promise((resolve) => (open = resolve));
      sendSse(res, chatStream([{ content: "one" }, { content: "two" }]));
    };
    const running = fetch(`${gateway.url}/v1/chat/completions`, {
      method: "POST",
      headers: { "x-api-key": "mdt_test_0123456789abcdef0123456789abcdef" },
      body: JSON.stringify({ ...hello, stream: true }),
    });
    await new Promise((done) => setTimeout(done, 50));
    expect(upstream.connections).toBe(0);
    open();
    const response = await running;
    const reader = response.body!.getReader();
    let text = "";
    while (!text.includes("two")) text += Buffer.from((await reader.read()).value).toString();
    await new Promise((done) => setTimeout(done, 50));
    expect(text).not.toContain("[DONE]");
    open();
    for (let part = await reader.read(); !part.done; part = await reader.read())
      text += Buffer.from(part.value).toString();
    expect(text).toBe(chatStream([{ content: "one" }, { content: "two" }]));
  });
});
