import { describe, expect, test } from "vitest";
import { testKey } from "../testing/facts.ts";
import { hello, setStage } from "../testing/stage.ts";

// Bytes, paths and bodies that no honest client sends.

const stage = setStage();

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
      await stage.start();
      const answer = await stage.gateway.call("/v1/chat/completions", body);
      expect([answer.status, answer.body?.error?.code], answer.text).toEqual([status, code]);
      expect(answer.body.error.remedies.length).toBeGreaterThan(0);
      expect(stage.gateway.evidence.of("decision")).toHaveLength(1);
      expect(stage.upstream.connections).toBe(0);
    });
  }

  test("too large, declared or not: 413, and the rest is not read", async () => {
    await stage.start("T0", { limits: { maxBodyBytes: 1000 } });
    const declared = await stage.gateway.call("/v1/messages", JSON.stringify({ ...hello, pad: "x".repeat(2000) }));
    expect([declared.status, declared.body.error.type, declared.body.error.code]).toEqual([
      413,
      "request_too_large",
      "payload_too_large",
    ]);
    const chunk = `400\r\n${"x".repeat(1024)}\r\n`;
    const answer = await stage.raw(
      `POST /v1/chat/completions HTTP/1.1\r\nhost: x\r\nauthorization: Bearer ${testKey}\r\ntransfer-encoding: chunked\r\n\r\n${chunk.repeat(8)}`,
    );
    expect(answer).toMatch(/^HTTP\/1\.1 413/);
  });

  test("a body that trickles is given up in time", async () => {
    await stage.start("T0", { limits: { bodyTimeoutMs: 100 } });
    const answer = await stage.raw(
      `POST /v1/chat/completions HTTP/1.1\r\nhost: x\r\nauthorization: Bearer ${testKey}\r\ncontent-length: 500\r\n\r\n{`,
    );
    expect(answer).toMatch(/^HTTP\/1\.1 400[\s\S]*unreadable_body/);
  });

  test("a flood of headers is refused before there is a request", async () => {
    await stage.start();
    const answer = await stage.raw(
      `POST /v1/chat/completions HTTP/1.1\r\nhost: x\r\n${"a: ".padEnd(1000, "b").concat("\r\n").repeat(40)}\r\n`,
    );
    expect(answer).toMatch(/^HTTP\/1\.1 431/);
  });

  test("bytes that are no HTTP get a 400 and no crash", async () => {
    await stage.start();
    expect(await stage.raw("\x16\x03\x01\x02 nonsense\r\n\r\n")).toMatch(/^HTTP\/1\.1 400/);
    expect((await stage.gateway.call("/v1/chat/completions", hello)).status).toBe(200);
  });

  test("path tricks name no route, in the caller's format, and are recorded", async () => {
    await stage.start();
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
      const answer = await stage.raw(
        `POST ${path} HTTP/1.1\r\nhost: x\r\nauthorization: Bearer ${testKey}\r\nconnection: close\r\ncontent-length: 2\r\n\r\n{}`,
      );
      expect(answer, path).toMatch(/^HTTP\/1\.1 404[\s\S]*unknown_route/);
    }
    expect(stage.gateway.evidence.of("decision")).toHaveLength(9);
    expect((await stage.gateway.call("/v1/chat/completions", undefined)).status).toBe(405);
    const gemini = await stage.gateway.call("/v1beta/models/gemini-pro:embedContent", hello);
    expect([gemini.status, gemini.body.error.status, gemini.body.error.details[0].code]).toEqual([
      501,
      "UNIMPLEMENTED",
      "unsupported",
    ]);
  });

  test("compressed bodies are refused: what can't be read can't be checked", async () => {
    await stage.start();
    expect((await stage.gateway.call("/v1/chat/completions", hello, { "content-encoding": "gzip" })).body.error.code).toBe(
      "unreadable_body",
    );
  });
});
