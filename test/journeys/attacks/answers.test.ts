import { createServer as createTcpServer, type AddressInfo, type Server } from "node:net";
import { gzipSync } from "node:zlib";
import { afterAll, beforeAll, beforeEach, describe, expect, test } from "vitest";
import { chat, chatCompletion, type Mandate, type Reply, smallManifest, startMandate, startUpstream, type Upstream } from "../harness.ts";

// A vendor, or whoever stands between it and us.

const secret = "sk-upstream-secret-0123456789";
let mandate: Mandate;
let elsewhere: Upstream;
let vendor: { readonly url: string; readonly seen: string[]; reply: string | Buffer | ((write: (bytes: string | Buffer) => void) => void); close(): Promise<void> };
let key: string;

/** Answers with the exact bytes of a test, head and all: what no HTTP library would send. */
async function startVendor(): Promise<typeof vendor> {
  const sockets = new Set<import("node:net").Socket>();
  const seen: string[] = [];
  const server: Server = createTcpServer((socket) => {
    sockets.add(socket);
    socket.on("error", () => undefined).on("close", () => sockets.delete(socket));
    let text = "";
    socket.on("data", (chunk: Buffer) => {
      text += chunk.toString("latin1");
      const head = text.indexOf("\r\n\r\n");
      if (head < 0 || text.length < head + 4 + Number(/content-length: (\d+)/i.exec(text)?.[1] ?? 0)) return;
      seen.push(text);
      text = "";
      const { reply } = made;
      if (typeof reply === "function") reply((bytes) => void (socket.destroyed || socket.write(bytes)));
      else socket.end(reply);
    });
  });
  await new Promise<void>((done) => server.listen(0, "127.0.0.1", done));
  const made: typeof vendor = {
    url: `http://127.0.0.1:${(server.address() as AddressInfo).port}`,
    seen,
    reply: "",
    close: () =>
      new Promise((done) => {
        for (const socket of sockets) socket.destroy();
        server.close(() => done());
      }),
  };
  return made;
}

beforeAll(async () => {
  [vendor, elsewhere, mandate] = await Promise.all([startVendor(), startUpstream(), startMandate()]);
  const { host } = new URL(vendor.url);
  expect((await mandate.api("PUT", "/secrets/vendor-key", { value: secret, hosts: [host] })).status).toBeLessThan(300);
  const yaml = smallManifest(vendor.url).replace("protocol: openai,", "protocol: openai, credential: secret:vendor-key,");
  // Anyone may talk to it, which makes it T2: its owner accepts the pilot, and answers are read before they leave.
  const applied = await mandate.apply(yaml.replace("audience: internal", "audience: public"));
  expect(applied.status, applied.text).toBe(200);
  const { body } = await mandate.api("GET", "/systems/notes");
  expect(body.tier).toBe("T2");
  const granted = await mandate.api("POST", `/authorizations/${body.authorization.id}/grant`, { reason: "a test" }, await mandate.personToken("bea@halden.example"));
  expect(granted.status, granted.text).toBe(200);
  key = (await mandate.credential("notes")).key;
});
afterAll(async () => {
  await mandate?.stop();
  await Promise.all([vendor?.close(), elsewhere?.close()]);
});
beforeEach(() => {
  vendor.seen.length = 0;
  elsewhere.requests.length = 0;
});

const ask = (more: Record<string, unknown> = {}) => mandate.call("/v1/chat/completions", key, chat("Say hello.", more));
const ok = (body: string, headers = "", type = "application/json") =>
  `HTTP/1.1 200 OK\r\ncontent-type: ${type}\r\ncontent-length: ${Buffer.byteLength(body)}\r\n${headers}\r\n${body}`;
const sse = (body: string, headers = "") => ok(body, headers, "text/event-stream");
const event = (delta: unknown, finish: string | null = null, model = "gpt-test") => `data: ${JSON.stringify({ id: "c", object: "chat.completion.chunk", model, choices: [{ index: 0, delta, finish_reason: finish }] })}\n\n`;
const outcome = async (answer: Reply) => {
  const id = answer.headers.get("x-mandate-decision")!;
  await expect.poll(async () => (await mandate.api("GET", `/decisions/${id}`)).body?.terminal ?? null, { timeout: 5_000 }).not.toBeNull();
  const { body } = await mandate.api("GET", `/decisions/${id}`);
  expect(body.result).not.toBeNull();
  return body as { outcome: string; code: string | null; terminal: string };
};
const nothingOfOurs = (answer: Reply) => {
  expect(answer.text + JSON.stringify([...answer.headers])).not.toContain(secret);
  expect(answer.text).not.toContain(key);
};

describe("the provider's secret goes to its host alone", () => {
  test.each([301, 302, 303, 307, 308])("a %i to another host is not followed, and says so as a fault of the provider", async (status) => {
    vendor.reply = `HTTP/1.1 ${status} Moved\r\nlocation: ${elsewhere.url}/v1/chat/completions\r\ncontent-length: 0\r\n\r\n`;
    const answer = await ask();
    expect([answer.status, answer.body.error.code], answer.text).toEqual([502, "upstream_unreachable"]);
    expect(vendor.seen[0]).toContain(secret);
    expect(elsewhere.requests).toEqual([]);
    nothingOfOurs(answer);
    expect(await outcome(answer)).toMatchObject({ terminal: "upstream_cut" });
  });

  test("a model moved to another host gets no secret, and nothing is sent there", async () => {
    const moved = smallManifest(elsewhere.url).split("---\n")[1]!.replace("protocol: openai,", "protocol: openai, credential: secret:vendor-key,").replace("name: gpt-test }", "name: gpt-moved }").replace("served: [gpt-test, gpt-test-2026]", "served: [gpt-moved]");
    const system = smallManifest(elsewhere.url, "mover").split("---\n")[0]!.replace("model:gpt-test", "model:gpt-moved");
    expect((await mandate.apply(`${system}---\n${moved}`)).status).toBe(200);
    const other = await mandate.credential("mover");
    const answer = await mandate.call("/v1/chat/completions", other.key, { ...chat("x"), model: "gpt-moved" });
    expect([answer.status, answer.body.error.code], answer.text).toEqual([502, "upstream_unreachable"]);
    expect(elsewhere.requests).toEqual([]);
    nothingOfOurs(answer);
  });

  test("an echo of the secret by the provider doesn't reach the caller", async () => {
    vendor.reply = `HTTP/1.1 401 Unauthorized\r\ncontent-type: application/json\r\n\r\n${JSON.stringify({ error: { message: `bad key ${secret}` } })}`;
    const answer = await ask();
    expect(answer.status).toBe(502);
    nothingOfOurs(answer);
  });
});

describe("what an upstream sends beside its answer stays here", () => {
  test("cookies, other origins' leave, clearing, redirects in headers and forged ids of ours", async () => {
    vendor.reply = ok(chatCompletion("gpt-test", "Hello."), "set-cookie: a=b\r\naccess-control-allow-origin: *\r\nclear-site-data: \"*\"\r\nrefresh: 0;url=//evil.example\r\nx-mandate-decision: dec_forged\r\nx-mandate-session: mss1.forged\r\nstrict-transport-security: max-age=1\r\n");
    const answer = await ask();
    expect(answer.status, answer.text).toBe(200);
    for (const name of ["set-cookie", "access-control-allow-origin", "clear-site-data", "refresh", "x-mandate-session", "strict-transport-security"]) expect(answer.headers.get(name), name).toBeNull();
    expect(answer.headers.get("x-mandate-decision")).not.toBe("dec_forged");
    expect(answer.headers.get("content-security-policy")).toContain("sandbox");
  });

  test.each([
    ["a bare line feed in a header", "request-id: x\nset-cookie: a=b\r\n"],
    ["a carriage return in a header", "request-id: x\rset-cookie: a=b\r\n"],
    ["a header without a colon", "set-cookie\r\n"],
    ["a nul in a header", "request-id: a\0b\r\n"],
  ])("%s splits nothing", async (_name, header) => {
    vendor.reply = ok(chatCompletion("gpt-test", "Hello."), header);
    const answer = await ask();
    expect(answer.headers.get("set-cookie")).toBeNull();
    expect([200, 502]).toContain(answer.status);
    await outcome(answer);
  });

  test("more headers than anyone needs", async () => {
    vendor.reply = ok(chatCompletion("gpt-test", "Hello."), Array.from({ length: 3_000 }, (_, index) => `x-${index}: ${"a".repeat(64)}\r\n`).join(""));
    const answer = await ask();
    expect([answer.status, answer.body.error.code], answer.text.slice(0, 300)).toEqual([502, "upstream_unreachable"]);
  });
});

describe("an answer that can't be read is not passed on", () => {
  test("a compressed one, a bomb included", async () => {
    const bomb = gzipSync(Buffer.alloc(64 * 1024 * 1024, 0x20));
    vendor.reply = Buffer.concat([Buffer.from(`HTTP/1.1 200 OK\r\ncontent-type: application/json\r\ncontent-encoding: gzip\r\ncontent-length: ${bomb.length}\r\n\r\n`), bomb]);
    const answer = await ask();
    expect([answer.status, answer.body.error.code]).toEqual([502, "upstream_unreachable"]);
    expect(await outcome(answer)).toMatchObject({ terminal: "upstream_cut" });
  });

  test.each([
    ["two models in one answer", `{"model":"gpt-test","model":"gpt-other","choices":[]}`],
    ["broken JSON", `{"model":"gpt-test","choices":[`],
    ["a list", `[]`],
    ["an empty body", ``],
    ["depth that ends a parser", `{"model":"gpt-test","choices":${"[".repeat(9_000)}${"]".repeat(9_000)}}`],
  ])("%s", async (_name, body) => {
    vendor.reply = ok(body);
    const answer = await ask();
    expect([answer.status, answer.body.error.code], answer.text).toEqual([502, "upstream_unreachable"]);
    expect(await outcome(answer)).toMatchObject({ terminal: "upstream_cut" });
  });

  test("one that breaks off in mid-stream ends once, with the surface's own error event", async () => {
    vendor.reply = (write) => {
      write(`HTTP/1.1 200 OK\r\ncontent-type: text/event-stream\r\ncontent-length: 99999\r\n\r\n${event({ content: "Hel" })}`);
      setTimeout(() => write(""), 10);
      setTimeout(() => (vendor.reply = ""), 10);
    };
    const answer = ask({ stream: true });
    await expect.poll(() => vendor.seen.length).toBe(1);
    // The kill switch is what ends a stream that never ends.
    await mandate.api("POST", "/systems/notes/suspend", { reason: "an endless stream" });
    const cut = await answer;
    expect(cut.text).toMatch(/event: error\ndata: .*system_suspended/);
    expect(await outcome(cut)).toMatchObject({ terminal: "blocked" });
    expect((await mandate.api("POST", "/systems/notes/resume", { reason: "over" })).status).toBe(200);
  });
});

describe("an answer does only what was granted", () => {
  const wipe = { index: 0, id: "call_1", type: "function", function: { name: "disk_wipe", arguments: "{}" } };
  const answers: [string, () => string][] = [
    ["in a JSON answer", () => ok(chatCompletion("gpt-test", "x").replace('"content":"x"', `"content":null,"tool_calls":[${JSON.stringify(wipe)}]`))],
    ["in a stream", () => sse(`${event({ tool_calls: [wipe] })}${event({}, "tool_calls")}data: [DONE]\n\n`)],
    ["in a stream that never says it's done", () => sse(event({ tool_calls: [wipe] }))],
    ["behind a byte order mark", () => sse(`\ufeff${event({ tool_calls: [wipe] }, "tool_calls")}data: [DONE]\n\n`)],
    ["as the old function_call", () => sse(`${event({ function_call: { name: "disk_wipe", arguments: "{}" } })}${event({}, "function_call")}data: [DONE]\n\n`)],
    ["as a whole message in a chunk", () => sse(`data: ${JSON.stringify({ model: "gpt-test", choices: [{ index: 0, message: { tool_calls: [wipe] }, finish_reason: "tool_calls" }] })}\n\ndata: [DONE]\n\n`)],
    ["with lines ended by carriage returns", () => sse(`${event({ tool_calls: [wipe] }).replaceAll("\n", "\r")}data: [DONE]\r\r`)],
    ["with its data on several lines", () => sse(`data: {"model":"gpt-test","choices":\ndata: [{"index":0,"delta":{"tool_calls":[${JSON.stringify(wipe)}]},"finish_reason":"tool_calls"}]}\n\ndata: [DONE]\n\n`)],
    ["with a name cut in two", () => sse(`${event({ tool_calls: [{ ...wipe, function: { name: "disk_", arguments: "" } }] })}${event({ tool_calls: [{ index: 0, function: { name: "wipe", arguments: "{}" } }] })}${event({}, "tool_calls")}data: [DONE]\n\n`)],
  ];
  test.each(answers)("a tool call nobody granted, %s", async (_name, reply) => {
    vendor.reply = reply();
    const stream = vendor.reply.includes("text/event-stream");
    const answer = await ask(stream ? { stream } : {});
    expect(answer.text).toContain("unknown_tool");
    expect(answer.text).not.toMatch(/"arguments":"\{\}"/);
    expect(await outcome(answer)).toMatchObject({ outcome: "deny", code: "unknown_tool", terminal: "blocked" });
  });

  test.each([
    ["another model", () => ok(chatCompletion("gpt-cheap", "Hello."))],
    ["another model in the middle of a stream", () => sse(`${event({ content: "a" })}${event({ content: "b" }, null, "gpt-cheap")}data: [DONE]\n\n`)],
    ["a model that isn't named", () => ok(chatCompletion("gpt-test", "Hello.").replace('"model":"gpt-test",', ""))],
    ["a model that no event of a stream names", () => sse(`data: ${JSON.stringify({ choices: [{ index: 0, delta: { content: "Hello." }, finish_reason: null }] })}\n\ndata: [DONE]\n\n`)],
  ])("%s that answers is refused, recorded and a finding", async (_name, reply) => {
    vendor.reply = reply();
    const answer = await ask(vendor.reply.includes("text/event-stream") ? { stream: true } : {});
    expect(answer.text).toContain("reassessment_required");
    expect(answer.text).not.toMatch(/Hello|"content":"b"/);
    expect(await outcome(answer)).toMatchObject({ code: "reassessment_required", terminal: "blocked" });
    await expect.poll(async () => (await mandate.api("GET", "/findings")).text, { timeout: 5_000 }).toContain("unlisted_served_model");
  });

  test.each([
    ["in a JSON answer", () => ok(chatCompletion("gpt-test", "Her card is 4111 1111 1111 1111."))],
    ["in a stream, in pieces", () => sse(`${event({ content: "Her card is 4111 11" })}${event({ content: "11 1111 1111." })}${event({}, "stop")}data: [DONE]\n\n`)],
  ])("data outside the boundary %s is withheld", async (_name, reply) => {
    vendor.reply = reply();
    const answer = await ask(vendor.reply.includes("text/event-stream") ? { stream: true } : {});
    expect(answer.text).toContain("data_boundary");
    expect(answer.text).not.toMatch(/4111|1111/);
    expect(await outcome(answer)).toMatchObject({ outcome: "deny", code: "data_boundary", terminal: "blocked" });
  });
});
