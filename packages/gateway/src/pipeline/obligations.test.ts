import { createHash } from "node:crypto";
import { afterEach, beforeEach, describe, expect, test } from "vitest";
import type { SystemFacts } from "@mandate/model";
import { testFacts, testSnapshot, testSystem, testTool } from "../testing/facts.ts";
import { startTestGateway, type TestGateway } from "../testing/gateway.ts";
import { chatAnswer, chatStream, sendJson, sendSse, startTestUpstream, type TestUpstream } from "../testing/upstream.ts";

let upstream: TestUpstream;
let gateway: TestGateway;

beforeEach(async () => {
  upstream = await startTestUpstream();
});
afterEach(async () => {
  await gateway?.close();
  await upstream.close();
});

const rule = (obligation: string): string => `@id("mask") @because("Data is masked.") @remedy("None needed.") @obligation("${obligation}")
permit (principal == Mandate::System::"notes", action == Mandate::Action::"model.call", resource);`;

async function start(obligation: string, system: Partial<SystemFacts> = {}): Promise<void> {
  const facts = testFacts(upstream.endpoint, testSystem("T1", { ...system, policies: ["mask"] }), {
    policies: [{ name: "mask", version: 1, cedar: rule(obligation) }],
    tools: [testTool("notes.read", { effect: "reads" })],
  });
  gateway = await startTestGateway(testSnapshot(facts));
}

const mail = "anna.larsen@example.org";
const body = { model: "gpt-test", messages: [{ role: "user", content: `Write to ${mail} and to ${mail}.` }] };
const sent = (): { readonly messages: readonly { readonly content: string }[] } => JSON.parse(String(upstream.seen.at(-1)!.body));
const tokenOf = (text: string): string => /\[EMAIL_[0-9a-f]{16}\]/.exec(text)![0];
const sha256 = (text: string): string => createHash("sha256").update(text).digest("hex");

describe("tokens in place of data", () => {
  test("the model sees the same token for the same value and never the value; the caller gets the value back; both hashes are recorded", async () => {
    await start("tokenize email");
    upstream.answer = (request, res) => sendJson(res, chatAnswer(`Draft for ${tokenOf(String(request.body))}.`));
    const answer = await gateway.call("/v1/chat/completions", body);
    expect(String(upstream.seen.at(-1)!.body)).not.toContain("anna");
    const { content } = sent().messages[0]!;
    expect(content.match(/\[EMAIL_[0-9a-f]{16}\]/g)).toEqual([tokenOf(content), tokenOf(content)]);
    expect(answer.body).toEqual(chatAnswer(`Draft for ${mail}.`));
    const [intent] = gateway.evidence.of("call.intent");
    expect(intent!.payload).toMatchObject({
      requestHash: sha256(JSON.stringify(body)),
      replaced: { types: ["email"], count: 2 },
      streamMode: "full",
    });
    expect(intent!.summary, "what was replaced can be counted without opening the entry").toMatchObject({ masked: ["email"] });
    const { hashes, check } = gateway.evidence.of("call.outcome")[0]!.payload as { hashes: { received: string; left: string }; check: unknown };
    expect(hashes.left).toBe(sha256(answer.text));
    expect(hashes.received).not.toBe(hashes.left);
    expect(check).toMatchObject({ restored: 1 });
  });

  test("a stream gives the value back however the token was cut", async () => {
    await start("tokenize email");
    upstream.answer = (request, res) => {
      const token = tokenOf(String(request.body));
      sendSse(res, chatStream(["Draft for ", token.slice(0, 5), token.slice(5, 12), `${token.slice(12)}, `, "bye."].map((content) => ({ content }))));
    };
    const answer = await gateway.call("/v1/chat/completions", { ...body, stream: true });
    const text = [...answer.text.matchAll(/"content":"([^"]*)"/g)].map((match) => match[1]).join("");
    expect(text).toBe(`Draft for ${mail}, bye.`);
  });

  test("a token that this call's request did not make stays one: another session's can't be asked for", async () => {
    await start("tokenize email");
    let foreign = "";
    upstream.answer = (request, res) => {
      foreign = tokenOf(String(request.body));
      sendJson(res, chatAnswer("Fine."));
    };
    await gateway.call("/v1/chat/completions", body);
    upstream.answer = (_request, res) => sendJson(res, chatAnswer(`It was ${foreign}.`));
    const probe = { model: "gpt-test", messages: [{ role: "user", content: `Who is ${foreign}?` }] };
    expect((await gateway.call("/v1/chat/completions", probe)).body).toEqual(chatAnswer(`It was ${foreign}.`));
  });

  test("what the model itself brings in leaves as a token", async () => {
    await start("tokenize email");
    upstream.answer = (_request, res) => sendJson(res, chatAnswer("Ask bob@example.net."));
    const answer = await gateway.call("/v1/chat/completions", body);
    expect(answer.text).toMatch(/Ask \[EMAIL_[0-9a-f]{16}\]\./);
  });

  test("a tool that is granted gets the value back in its arguments, decided on that value; one that isn't gets nothing", async () => {
    await start("tokenize email", { grants: { ...testSystem("T1").grants, tools: ["notes.read"] } });
    const asks = (name: string) => (request: { body: Buffer }, res: Parameters<typeof sendJson>[0]) => {
      const call = { id: "call_1", type: "function", function: { name, arguments: JSON.stringify({ to: tokenOf(String(request.body)) }) } };
      sendJson(res, { ...chatAnswer(""), choices: [{ index: 0, finish_reason: "tool_calls", message: { role: "assistant", content: null, tool_calls: [call] } }] });
    };
    upstream.answer = asks("notes_read");
    const granted = await gateway.call("/v1/chat/completions", body);
    expect(granted.status).toBe(200);
    expect(JSON.parse(granted.body.choices[0].message.tool_calls[0].function.arguments)).toEqual({ to: mail });
    const { tools } = gateway.evidence.of("call.outcome")[0]!.payload as { tools: { request: { input: unknown } }[] };
    expect(tools[0]!.request.input).toEqual({ to: mail });
    upstream.answer = asks("unknown_tool");
    const refused = await gateway.call("/v1/chat/completions", body);
    expect(refused.status).toBe(403);
    expect(refused.text).not.toContain(mail);
  });
});

describe("an obligation that can't be met refuses", () => {
  test.each(["redact passport", "tokenize passport"])("%s: no detector finds it, so nothing was checked", async (obligation) => {
    await start(obligation);
    const answer = await gateway.call("/v1/chat/completions", body);
    expect([answer.status, answer.body.error.code, answer.body.error.param]).toEqual([403, "policy", "passport"]);
    expect(upstream.seen).toEqual([]);
  });

  test("a picture can hold what a rule masks, and no detector reads it", async () => {
    await start("redact email", { boundary: { sensitivity: "restricted", classes: ["personal"], regions: ["EEA"], training: "never" } });
    const image = { type: "image_url", image_url: { url: `data:image/png;base64,${"iVBORw0KGgo".repeat(3)}` } };
    const answer = await gateway.call("/v1/chat/completions", { model: "gpt-test", messages: [{ role: "user", content: [{ type: "text", text: "What is this?" }, image] }] });
    expect(answer.status).toBe(403);
    expect(upstream.seen).toEqual([]);
  });

  test("where the tier lets answers pass unread, a masking rule has them read", async () => {
    await start("redact email", { parameters: { ...testSystem("T1").parameters, streamMode: "pass" } });
    upstream.answer = (_request, res) => sendJson(res, chatAnswer(`Ask ${mail}.`));
    expect((await gateway.call("/v1/chat/completions", body)).body).toEqual(chatAnswer("Ask [EMAIL]."));
  });
});
