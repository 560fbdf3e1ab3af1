import { afterEach, beforeEach, describe, expect, test, vi } from "vitest";
import type { SystemFacts, Tier } from "@mandate/model";
import { testFacts, testSnapshot, testSystem } from "../testing/facts.ts";
import { startTestGateway, type TestGateway } from "../testing/gateway.ts";
import {
  chatAnswer,
  chatStream,
  sendJson,
  sendSse,
  startTestUpstream,
  type TestUpstream,
} from "../testing/upstream.ts";
import { AnswerContent } from "./answer-content.ts";
import type { Call } from "./call.ts";
import type { Runtime } from "./runtime.ts";

let upstream: TestUpstream;
let gateway: TestGateway;

beforeEach(async () => {
  upstream = await startTestUpstream();
});
afterEach(async () => {
  await gateway?.close();
  await upstream.close();
});

const masking = `@id("mask") @because("Mails are masked.") @remedy("None needed.") @obligation("redact email")
permit (principal == Mandate::System::"notes", action == Mandate::Action::"model.call", resource);`;

async function start(tier: Tier, system: Partial<SystemFacts> = {}, cedar: string | null = null): Promise<void> {
  const facts = testFacts(
    upstream.endpoint,
    testSystem(tier, { ...system, ...(cedar === null ? {} : { policies: ["mask"] }) }),
    cedar === null ? {} : { policies: [{ name: "mask", version: 1, cedar }] },
  );
  gateway = await startTestGateway(testSnapshot(facts));
}

const plain = { boundary: { sensitivity: "confidential", classes: [], regions: ["EEA"], training: "never" } } as const;
const hello = { model: "gpt-test", messages: [{ role: "user", content: "Say hello." }] };
const card = "4111 1111 1111 1111";
const mail = "anna.larsen@example.org";
const says = (...pieces: string[]) => chatStream(pieces.map((content) => ({ content })));
const answered = (text: string) => {
  upstream.answer = (_request, res) => sendJson(res, chatAnswer(text));
};
const streamed = (...pieces: string[]) => {
  upstream.answer = (_request, res) => sendSse(res, says(...pieces));
};
const ask = (stream = false) => gateway.call("/v1/chat/completions", stream ? { ...hello, stream } : hello);
const check = () => gateway.evidence.of("call.outcome").at(-1)!.payload!.check as Record<string, unknown>;

describe("what a model's answer holds is checked before it leaves", () => {
  test.each(["T1", "T2", "T3"] as const)(
    "%s: a class outside the boundary never leaves in a JSON answer",
    async (tier) => {
      await start(tier, plain);
      answered(`Her card is ${card}.`);
      const answer = await ask();
      expect([answer.status, answer.body.error.code, answer.body.error.rule]).toEqual([
        403,
        "data_boundary",
        "classes-within-boundary",
      ]);
      expect(answer.text).not.toContain("4111");
      expect(gateway.evidence.terminals()).toEqual(["blocked"]);
      expect(check()).toMatchObject({ result: "found", types: ["credit_card"] });
      expect(Object.keys(check().detectors as object)).toContain("credit_card");
    },
  );

  test.each(["T1", "T3"] as const)("%s: nor in a stream that cuts it into pieces", async (tier) => {
    await start(tier, plain);
    streamed("Her card ", "is 41", "11 1111 ", "1111 11", "11. ", "x ".repeat(900));
    const answer = await ask(true);
    expect(answer.text).toContain("data_boundary");
    expect(answer.text).not.toMatch(/41"|1111/);
    expect(gateway.evidence.terminals()).toEqual(["blocked"]);
  });

  test("wherever it stands in a long stream, no piece of it leaves", async () => {
    for (const before of [0, 250, 256, 500, 511, 1_020]) {
      await start("T1", plain);
      streamed(..."y ".repeat(before / 2), ...card, ".", ..." z".repeat(600));
      const answer = await ask(true);
      expect(answer.text, String(before)).toContain("data_boundary");
      expect(answer.text.match(/"content":"[41]"/g), String(before)).toBeNull();
      await gateway.close();
    }
  });

  test("a secret that two events share is found in a window, wherever it is cut", async () => {
    const secret = ["sk-ant", "api03", "Zk3Qw9Lm2Xv7Bn4Rt8Yp1Sd6Fg5Hj0Kc"].join("-");
    for (const cut of [1, 6, 7, 20, secret.length - 1]) {
      await start("T1", plain);
      streamed(`Use ${secret.slice(0, cut)}`, `${secret.slice(cut)} now.`, " z".repeat(600));
      const answer = await ask(true);
      expect(answer.text, String(cut)).toContain("data_boundary");
      for (const piece of [secret.slice(0, cut), secret.slice(cut)].filter(({ length }) => length > 3)) expect(answer.text, String(cut)).not.toContain(piece);
      await gateway.close();
    }
  });

  test("texts of two choices that alternate are not each other's cover", async () => {
    await start("T2", plain);
    const choice = (index: number, content: string) =>
      `data: ${JSON.stringify({ model: "gpt-test", choices: [{ index, delta: { content }, finish_reason: null }] })}\n\n`;
    upstream.answer = (_request, res) =>
      sendSse(
        res,
        `${[..."4111111111111111"].map((digit) => choice(0, digit) + choice(1, "word ")).join("")}data: [DONE]\n\n`,
      );
    expect((await ask(true)).text).toContain("data_boundary");
  });

  test("text that clients show from members we never heard of is read too", async () => {
    await start("T2", plain);
    upstream.answer = (_request, res) => sendJson(res, chatAnswer("Fine.", { reasoning_content: `Card ${card}.` }));
    expect((await ask()).body.error.code).toBe("data_boundary");
  });

  test("a provider's error text is checked as well", async () => {
    await start("T2", plain);
    upstream.answer = (_request, res) => sendJson(res, { error: { message: `No such card ${card}.` } }, 400);
    expect((await ask()).body.error.code).toBe("data_boundary");
    upstream.answer = (_request, res) => res.writeHead(400, { "content-type": "text/plain" }).end(`Card ${card}`);
    expect((await ask()).body.error.code).toBe("data_boundary");
  });

  test("what the boundary holds passes byte for byte, and the record says what was seen", async () => {
    await start("T2");
    answered(`Write to ${mail}.`);
    expect((await ask()).text).toBe(JSON.stringify(chatAnswer(`Write to ${mail}.`)));
    expect(check()).toMatchObject({ result: "passed", types: ["email"] });
    streamed("Write to ", mail, ".");
    expect((await ask(true)).text).toBe(says("Write to ", mail, "."));
    expect(check()).toMatchObject({ result: "passed" });
  });

  test("T0 passes unread, and its record claims no check", async () => {
    await start("T0", plain);
    answered(`Card ${card}`);
    expect((await ask()).status).toBe(200);
    expect(check()).toEqual({ result: "not_run", detectors: {}, types: [], chars: 0 });
  });

  test("an answer that breaks off is never called passed", async () => {
    await start("T2");
    upstream.answer = (_request, res) => {
      res.writeHead(200, { "content-type": "text/event-stream" }).write(says("Hel").split("data: [DONE]")[0]!);
      setTimeout(() => res.destroy(), 20);
    };
    await ask(true).catch(() => undefined);
    await expect.poll(() => gateway.evidence.terminals()).toEqual(["upstream_cut"]);
    expect(check()).toMatchObject({ result: "incomplete" });
  });
});

describe("where a rule masks", () => {
  test("a JSON answer leaves masked, and nothing else of it changes", async () => {
    await start("T2", {}, masking);
    answered(`Write to ${mail} today.`);
    const answer = await ask();
    expect(answer.body).toEqual(chatAnswer("Write to [EMAIL] today."));
    expect(check()).toMatchObject({ result: "found", types: ["email"] });
    expect(gateway.evidence.of("call.outcome").at(-1)!.summary).toMatchObject({ masked: ["email"] });
    expect(gateway.evidence.terminals()).toEqual(["done"]);
  });

  test("a stream that is held whole leaves masked, however it was cut", async () => {
    await start("T3", {}, masking);
    streamed("Write to anna.", "larsen@exam", "ple.org today.", " Bye.");
    const answer = await ask(true);
    expect(answer.text).toBe(says("Write to [EMAIL]", "", " today.", " Bye."));
  });

  test("a stream in windows ends with an error in its own shape", async () => {
    await start("T1", {}, masking);
    streamed("Write to ", mail, ".");
    const answer = await ask(true);
    expect(answer.text).toMatch(/^event: error\ndata: /);
    expect(answer.text).not.toContain("anna");
    expect(gateway.evidence.terminals()).toEqual(["blocked"]);
  });
});

test("a detector that throws refuses the answer, and no record says it passed", () => {
  const log = { warn: vi.fn(), error: vi.fn() };
  const runtime = { options: { log }, limits: { windowChars: 256 } } as unknown as Runtime;
  const call = { exchange: { decisionId: "dec_1" } } as unknown as Call;
  const content = new AnswerContent(runtime, call, "full", () => {
    throw new Error("a detector's own fault");
  });
  content.readJson({ choices: [{ message: { content: "Hello there." } }] });
  expect(content.check(true)?.code).toBe("control_unavailable");
  expect(content.record.result).toBe("failed");
  expect(log.error).toHaveBeenCalledWith("detectors.failed", expect.anything());
});

test("an answer of endless different texts is refused, not kept", () => {
  const log = { warn: vi.fn(), error: vi.fn() };
  const runtime = { options: { log }, limits: { windowChars: 256 } } as unknown as Runtime;
  const content = new AnswerContent(
    runtime,
    { exchange: { decisionId: "dec_1" } } as unknown as Call,
    "window",
    () => [],
  );
  for (let index = 0; index < 17_000; index++) {
    const data = JSON.stringify({ index, delta: "text" });
    content.readEvent({ raw: Buffer.from(data), name: "", data });
  }
  expect(content.check(false)?.code).toBe("control_unavailable");
});
