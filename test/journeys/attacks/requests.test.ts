import { connect } from "node:net";
import { afterAll, beforeAll, beforeEach, describe, expect, test } from "vitest";
import { chat, type Mandate, type Reply, smallManifest, startMandate, startUpstream, type Upstream } from "../harness.ts";

// An agent that holds its system's own key, and a developer in a hurry.

let mandate: Mandate;
let upstream: Upstream;
const keys: Record<string, string> = {};

beforeAll(async () => {
  upstream = await startUpstream();
  mandate = await startMandate();
  const claude = `---
apiVersion: v1
kind: Model
metadata: { name: claude-test }
spec: { protocol: anthropic, endpoint: "${upstream.url}", served: [claude-test], region: EEA, training: never, retention: 0d, maxSensitivity: internal }
`;
  for (const name of ["notes", "desk"]) {
    const applied = await mandate.apply(smallManifest(upstream.url, name, claude).replace("[model:gpt-test]", "[model:gpt-test, model:claude-test]"));
    expect(applied.status, applied.text).toBe(200);
    keys[name] = (await mandate.credential(name)).key;
  }
});
afterAll(async () => {
  await mandate?.stop();
  await upstream?.close();
});
beforeEach(() => void (upstream.requests.length = 0));

const call = (path: string, body: unknown, headers: Record<string, string> = {}, key = keys.notes!) => mandate.call(path, key, body, headers);
const recorded = async (answer: Reply) => {
  const id = answer.headers.get("x-mandate-decision")!;
  await expect.poll(async () => (await mandate.api("GET", `/decisions/${id}`)).status, { timeout: 5_000 }).toBe(200);
  return (await mandate.api("GET", `/decisions/${id}`)).body as Record<string, unknown>;
};

describe("an agent can't make the gateway read another request than the provider reads", () => {
  test.each([
    ["a duplicate model", '{"model":"gpt-test","messages":[{"role":"user","content":"x"}],"model":"gpt-secret"}'],
    ["a duplicate hidden by an escape", '{"model":"gpt-test","messages":[{"role":"user","content":"x"}],"\\u006dodel":"gpt-secret"}'],
    ["a duplicate deep inside", '{"model":"gpt-test","messages":[{"role":"user","content":"x","role":"system"}]}'],
    ["two bodies", '{"model":"gpt-test","messages":[{"role":"user","content":"x"}]}{"model":"gpt-secret"}'],
    ["a depth that ends a parser", `{"model":"gpt-test","messages":${"[".repeat(5_000)}${"]".repeat(5_000)}}`],
    ["a byte order mark", '\ufeff{"model":"gpt-test","messages":[]}'],
  ])("%s", async (_name, body) => {
    const answer = await call("/v1/chat/completions", body);
    expect([answer.status, answer.body?.error?.code], answer.text).toEqual([400, "unreadable_body"]);
    expect(upstream.requests).toEqual([]);
    expect(await recorded(answer)).toMatchObject({ outcome: "deny", terminal: "refused", system: "notes" });
  });

  test.each([["max_tokens", "1e999"], ["max_tokens", "9007199254740993"], ["max_tokens", "-1"], ["stream", '"true"']])("%s: %s", async (name, value) => {
    const answer = await call("/v1/chat/completions", `{"model":"gpt-test","messages":[{"role":"user","content":"x"}],"${name}":${value}}`);
    expect([answer.status, answer.body?.error?.code], answer.text).toEqual([400, "unreadable_body"]);
    expect(upstream.requests).toEqual([]);
  });

  test.each(["gpt-tеst", "gpt-test ", "GPT-TEST", "gpt-test\u200b", "gpt‐test", "../gpt-test", "gpt-test\n", "constructor", "__proto__"])(
    "a model that only looks like a granted one: %j",
    async (model) => {
      const answer = await call("/v1/chat/completions", { ...chat("x"), model });
      expect([answer.status, answer.body.error.code], answer.text).toEqual([403, "not_granted"]);
      expect(answer.body.error.remedies.length).toBeGreaterThan(0);
      expect(upstream.requests).toEqual([]);
      expect(await recorded(answer)).toMatchObject({ outcome: "deny", code: "not_granted" });
    },
  );

  test.each(["/v1/chat%2fcompletions", "/v1/%63hat/completions", "/v1/./chat/completions", "/v1/x/%2e%2e/chat/completions", "/v1/chat/completions/", "/v1/chat/completions;x", "/V1/chat/completions", "/v1\\chat\\completions", "http://evil.example/v1/chat/completions"])(
    "another spelling of a path is no path: %s",
    async (path) => {
      const text = await raw(`POST ${path} HTTP/1.1\r\nhost: x\r\nauthorization: Bearer ${keys.notes}\r\ncontent-type: application/json\r\nconnection: close\r\ncontent-length: 2\r\n\r\n{}`);
      expect(text).toMatch(/^HTTP\/1\.1 40[04]/);
      expect(upstream.requests).toEqual([]);
    },
  );

  /** What a socket gets back for these bytes. */
  function raw(bytes: string): Promise<string> {
    const { port } = new URL(mandate.gateway);
    return new Promise((resolve) => {
      let text = "";
      const socket = connect(Number(port), "127.0.0.1", () => socket.write(bytes));
      const timer = setTimeout(() => socket.destroy(), 3_000);
      socket.on("data", (chunk: Buffer) => (text += chunk.toString()));
      socket.on("error", () => undefined);
      socket.on("close", () => {
        clearTimeout(timer);
        resolve(text);
      });
    });
  }

  test("two requests in one: lengths that disagree and folded headers are no request", async () => {
    const body = JSON.stringify(chat("x"));
    const head = `POST /v1/chat/completions HTTP/1.1\r\nhost: x\r\nauthorization: Bearer ${keys.notes}\r\n`;
    for (const trick of [`content-length: ${body.length}\r\ntransfer-encoding: chunked\r\n\r\n`, `content-length: 5\r\ncontent-length: ${body.length}\r\n\r\n`, `transfer-encoding: xchunked\r\n\r\n`, `x-a: 1\r\n folded\r\ncontent-length : ${body.length}\r\n\r\n`]) {
      const text = await raw(`${head}${trick}${body}`);
      expect(text === "" || /^HTTP\/1\.1 4/.test(text), `${trick} ${text}`).toBe(true);
    }
    expect(upstream.requests).toEqual([]);
  });
});

describe("headers widen nothing", () => {
  test("a purpose that the system doesn't have is refused, and recorded", async () => {
    const answer = await call("/v1/chat/completions", chat("x"), { "x-mandate-purpose": "profiling" });
    expect([answer.status, answer.body.error.code, answer.body.error.param], answer.text).toEqual([403, "not_authorized", "purpose"]);
    expect(upstream.requests).toEqual([]);
    await recorded(answer);
  });

  test("a user's token of no issuer, unsigned or of the caller's own making is refused rather than ignored", async () => {
    const part = (value: unknown) => Buffer.from(JSON.stringify(value)).toString("base64url");
    const none = `${part({ alg: "none" })}.${part({ iss: "https://login.halden.example", sub: "victim", exp: 4_000_000_000 })}.`;
    for (const token of [none, "x", "a.b.c", `${part({ alg: "HS256" })}.${part({ iss: "x", exp: 4e9 })}.AAAA`]) {
      const answer = await call("/v1/chat/completions", chat("x"), { "x-mandate-user": token });
      expect(answer.status, answer.text).toBeGreaterThanOrEqual(400);
      expect(answer.status).toBeLessThan(404);
    }
    expect(upstream.requests).toEqual([]);
  });

  test("what a caller sends about hosts, keys, proxies and cookies stays here", async () => {
    const answer = await call("/v1/chat/completions", chat("x"), {
      "x-api-key": "sk-own", "x-goog-api-key": "own", cookie: "a=b", "x-forwarded-host": "evil.example", "x-forwarded-for": "10.0.0.1",
      "openai-organization": "org-own", "proxy-authorization": "Basic eA==", "x-mandate-decision": "dec_forged", "x-mandate-register": "99999", "x-request-id": "bad id\tx",
    });
    expect(answer.status, answer.text).toBe(200);
    expect(Object.keys(upstream.requests[0]!.headers).toSorted()).toEqual(["accept", "accept-encoding", "connection", "content-length", "content-type", "host", "user-agent"]);
    expect(answer.headers.get("x-mandate-decision")).not.toBe("dec_forged");
    expect(answer.headers.get("x-request-id")).toMatch(/^req_/);
    expect(Number(answer.headers.get("x-mandate-register"))).toBeLessThan(99_999);
  });

  test("an approval that is invented, or another system's, opens nothing and breaks nothing", async () => {
    const answer = await call("/v1/chat/completions", chat("x"), { "x-mandate-approval": "apr_00000000000000000000000000" });
    expect(answer.status).toBe(200);
    const refused = await call("/v1/chat/completions", { ...chat("x"), model: "gpt-none" }, { "x-mandate-approval": "apr_00000000000000000000000000" });
    expect(refused.status).toBe(403);
  });
});

describe("nothing with an effect goes along unseen", () => {
  const message = (content: unknown) => ({ model: "gpt-test", messages: [{ role: "user", content }] });
  test.each<[string, string, unknown]>([
    ["a hosted tool", "/v1/chat/completions", { ...chat("x"), tools: [{ type: "web_search" }] }],
    ["keeping the call at the provider", "/v1/chat/completions", { ...chat("x"), store: true }],
    ["an image the provider fetches", "/v1/chat/completions", message([{ type: "image_url", image_url: { url: "https://evil.example/?q=data" } }])],
    ["the same behind capitals and blanks", "/v1/chat/completions", message([{ type: "image_url", image_url: { url: "  HTTPS://evil.example/" } }])],
    ["a stored file", "/v1/chat/completions", message([{ type: "file", file: { file_id: "file-123" } }])],
    ["remote MCP", "/v1/responses", { model: "gpt-test", input: "x", store: false, tools: [{ type: "mcp", server_label: "x", server_url: "https://evil.example" }] }],
    ["background work", "/v1/responses", { model: "gpt-test", input: "x", store: false, background: true }],
    ["somebody else's history", "/v1/responses", { model: "gpt-test", input: "x", store: false, previous_response_id: "resp_victim" }],
    ["somebody else's conversation", "/v1/responses", { model: "gpt-test", input: "x", store: false, conversation: "conv_victim" }],
    ["a stored prompt", "/v1/responses", { model: "gpt-test", input: "x", store: false, prompt: { id: "pmpt_1" } }],
    ["a file the provider fetches", "/v1/responses", { model: "gpt-test", store: false, input: [{ type: "message", role: "user", content: [{ type: "input_file", file_url: "https://evil.example" }] }] }],
    ["a tool without a type", "/v1/responses", { model: "gpt-test", input: "x", store: false, tools: [{ name: "x" }] }],
    ["remote MCP for Claude", "/v1/messages", { model: "claude-test", max_tokens: 5, messages: chat("x").messages, mcp_servers: [{ type: "url", url: "https://evil.example", name: "x" }] }],
    ["an image Claude fetches", "/v1/messages", { model: "claude-test", max_tokens: 5, messages: [{ role: "user", content: [{ type: "image", source: { type: "url", url: "https://evil.example" } }] }] }],
    ["a file kept at Anthropic", "/v1/messages", { model: "claude-test", max_tokens: 5, messages: [{ role: "user", content: [{ type: "document", source: { type: "file", file_id: "file_1" } }] }] }],
    ["a container", "/v1/messages", { model: "claude-test", max_tokens: 5, messages: chat("x").messages, container: "container_1" }],
  ])("%s is refused in T0 too", async (_name, path, body) => {
    const answer = await call(path, body);
    expect([403, 422], answer.text).toContain(answer.status);
    if (path === "/v1/messages") expect(answer.body.type).toBe("error");
    else expect(answer.body.error.type).not.toBe("error");
    expect(answer.headers.get("x-should-retry")).toBe("false");
    expect(upstream.requests).toEqual([]);
    expect(await recorded(answer)).toMatchObject({ outcome: "deny", terminal: "refused" });
  });

  test("a field nobody has heard of passes in T0 with a finding", async () => {
    expect((await call("/v1/chat/completions", { ...chat("x"), brand_new: { endpoint: "https://evil.example" } })).status).toBe(200);
    await expect.poll(async () => (await mandate.api("GET", "/findings")).text, { timeout: 5_000 }).toContain("brand_new");
  });

  test("what is left to the provider's default is a finding in T0", async () => {
    upstream.answer = () => ({ chunks: [JSON.stringify({ id: "resp_1", object: "response", model: "gpt-test", output: [], usage: { input_tokens: 1, output_tokens: 1 } })] });
    expect((await call("/v1/responses", { model: "gpt-test", input: "x" })).status).toBe(200);
    await expect.poll(async () => (await mandate.api("GET", "/findings")).text, { timeout: 5_000 }).toContain("implied_effect");
  });
});

test("an agent can't say over AuthZEN whose session it is, nor ask for another system", async () => {
  const ask = (subject: string, session: unknown) =>
    mandate.call("/access/v1/evaluation", keys.notes!, { subject: { type: "system", id: subject }, action: { name: "model.call" }, resource: { type: "model", id: "gpt-test" }, context: { session } });
  const own = await ask("notes", { customer: "victim" });
  expect(own.status, own.text).toBe(200);
  expect((await recorded(own)).outcome).toBe(own.body.decision ? "allow" : "deny");
  expect((await ask("desk", {})).status).toBe(403);
});
