import { request as httpRequest } from "node:http";
import { describe, expect, test } from "vitest";
import { testCredential, testFacts, testKey, testSnapshot, testSystem } from "../testing/facts.ts";
import { hello, setStage, streaming } from "../testing/stage.ts";
import { chatAnswer, chatStream, sendJson } from "../testing/upstream.ts";

// Every way in which a stream can end.

const stage = setStage();

describe("how a stream ends: one terminal record each", () => {
  const first = chatStream([{ content: "one" }]).split("\n\n")[0]!;

  test("the caller leaves: the upstream is cut and the record says aborted", async () => {
    await stage.start();
    let upstreamClosed!: () => void;
    const closed = new Promise<void>((resolve) => (upstreamClosed = resolve));
    stage.upstream.answer = (_request, res) => {
      res.writeHead(200, { "content-type": "text/event-stream" }).write(`${first}\n\n`);
      res.on("close", upstreamClosed);
    };
    const abort = new AbortController();
    const response = await fetch(`${stage.gateway.url}/v1/chat/completions`, {
      method: "POST",
      headers: { authorization: `Bearer ${testKey}` },
      body: JSON.stringify(streaming),
      signal: abort.signal,
    });
    await response.body!.getReader().read();
    abort.abort();
    await closed;
    await expect.poll(() => stage.gateway.evidence.terminals()).toEqual(["aborted"]);
  });

  test("the upstream is cut: what came is passed on, then an error event", async () => {
    await stage.start();
    stage.upstream.answer = (_request, res) => {
      res.writeHead(200, { "content-type": "text/event-stream" }).write(`${first}\n\n`);
      setTimeout(() => res.destroy(), 20);
    };
    const answer = await stage.gateway.call("/v1/chat/completions", streaming);
    expect(answer.text.startsWith(`${first}\n\nevent: error\ndata: `)).toBe(true);
    expect(answer.text).toContain("upstream_unreachable");
    expect(stage.gateway.evidence.terminals()).toEqual(["upstream_cut"]);
  });

  test("the upstream is cut inside a tool call: no byte of the call leaves", async () => {
    await stage.start();
    stage.upstream.answer = (_request, res) => {
      res
        .writeHead(200, { "content-type": "text/event-stream" })
        .write(
          `${chatStream([{ tool_calls: [{ index: 0, id: "c", function: { name: "wipe", arguments: '{"a' } }] }]).split("\n\n")[0]!}\n\n`,
        );
      setTimeout(() => res.destroy(), 20);
    };
    expect((await stage.gateway.call("/v1/chat/completions", streaming)).text).not.toContain("wipe");
  });

  test("suspending the system cuts what runs", async () => {
    await stage.start();
    stage.upstream.answer = (_request, res) =>
      res.writeHead(200, { "content-type": "text/event-stream" }).write(`${first}\n\n`);
    const running = stage.gateway.call("/v1/chat/completions", streaming);
    await expect.poll(() => stage.upstream.seen.length).toBe(1);
    await new Promise((done) => setTimeout(done, 30));
    stage.gateway.control.publish(
      testSnapshot(
        testFacts(
          stage.upstream.endpoint,
          testSystem("T0", { lifecycle: "suspended", status: "refused", statusCode: "system_suspended" }),
        ),
        { version: 8 },
      ),
    );
    expect((await running).text).toContain("system_suspended");
    expect(stage.gateway.evidence.terminals()).toEqual(["blocked"]);
  });

  test("revoking a key, or stopping a model, cuts the streams that run with it and no others", async () => {
    await stage.start();
    const facts = testFacts(stage.upstream.endpoint, testSystem("T0"));
    const model = facts.models[0]!;
    for (const [version, changes, code] of [
      [8, { credentials: [testCredential({ state: "revoked" })] }, "credential_revoked"],
      [9, { facts: { ...facts, models: [{ ...model, stopped: true }] } }, "policy"],
    ] as const) {
      stage.gateway.control.publish(testSnapshot(facts, { version: version - 0.5 }));
      stage.upstream.answer = (_request, res) =>
        res.writeHead(200, { "content-type": "text/event-stream" }).write(`${first}\n\n`);
      const before = stage.upstream.seen.length;
      const running = stage.gateway.call("/v1/chat/completions", streaming);
      await expect.poll(() => stage.upstream.seen.length).toBe(before + 1);
      await new Promise((done) => setTimeout(done, 30));
      stage.gateway.control.publish(testSnapshot(facts, { version, ...changes }));
      expect((await running).text).toContain(code);
    }
    expect(stage.gateway.evidence.terminals()).toEqual(["blocked", "blocked"]);
  });

  test("a model stopped while the call's intent was written is not called", async () => {
    await stage.start();
    const { promise, resolve } = Promise.withResolvers<void>();
    stage.gateway.evidence.gate = promise;
    const call = stage.gateway.call("/v1/chat/completions", streaming);
    await new Promise((done) => setTimeout(done, 50));
    const facts = testFacts(stage.upstream.endpoint, testSystem("T0"));
    stage.gateway.control.publish(testSnapshot({ ...facts, models: [{ ...facts.models[0]!, stopped: true }] }, { version: 8 }));
    resolve();
    expect((await call).body.error.code).toBe("policy");
    expect(stage.upstream.seen).toEqual([]);
    expect(stage.gateway.evidence.terminals()).toEqual(["blocked"]);
  });

  test("an upstream that never answers: 504 in time", async () => {
    await stage.start("T0", { limits: { callMs: 100 } });
    stage.upstream.answer = () => undefined;
    const answer = await stage.gateway.call("/v1/chat/completions", hello);
    expect([answer.status, answer.body.error.code]).toEqual([504, "upstream_timeout"]);
  });

  test("a caller that stops reading holds the upstream back and is cut in time", async () => {
    await stage.start("T0", { limits: { callerIdleMs: 300 } });
    let written = 0;
    stage.upstream.answer = (_request, res) => {
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
      port: stage.gateway.port,
      method: "POST",
      path: "/v1/chat/completions",
      headers: { authorization: `Bearer ${testKey}`, "content-length": body.length },
    });
    caller.on("response", (response) => response.pause());
    caller.on("error", () => undefined);
    caller.end(body);
    await expect.poll(() => stage.gateway.evidence.terminals(), { timeout: 8_000 }).toEqual(["aborted"]);
    expect(written).toBeLessThan(40_000_000);
    caller.destroy();
  });

  test("closing lets a running call finish and refuses new ones", async () => {
    await stage.start();
    let answerNow!: () => void;
    stage.upstream.answer = (_request, res) => (answerNow = () => sendJson(res, chatAnswer("late")));
    const running = stage.gateway.call("/v1/chat/completions", hello);
    await expect.poll(() => stage.upstream.seen.length).toBe(1);
    const closing = stage.gateway.gateway.close();
    const refused = await stage.gateway.call("/v1/chat/completions", hello);
    expect([refused.status, refused.body.error.code]).toEqual([503, "control_unavailable"]);
    answerNow();
    expect((await running).status).toBe(200);
    await closing;
  });
});
