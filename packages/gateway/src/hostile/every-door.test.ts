import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, test } from "vitest";
import { codeOf, doors, sendRaw, startDoors } from "../testing/doors.ts";
import type { TestGateway } from "../testing/gateway.ts";
import { startTestUpstream, type TestUpstream } from "../testing/upstream.ts";

// Whatever surface it comes in by, what two readers could read differently, or nobody can, is refused in that surface's own
// format, with a next step, and recorded; nothing goes on.

let upstream: TestUpstream;
beforeAll(async () => {
  upstream = await startTestUpstream();
});
afterAll(() => upstream.close());

const nested = (depth: number, open: string, close: string) => open.repeat(depth) + close.repeat(depth);
/** The honest body with one member more, in front. */
const withMember = (text: string, member: string) => `{${member},${text.slice(1)}`;

const bodies: readonly (readonly [string, (text: string, first: string) => string | Buffer])[] = [
  ["nothing", () => ""],
  ["half of it", (text) => text.slice(0, text.length / 2)],
  ["two of them", (text) => text + text],
  ["a list of it", (text) => `[${text}]`],
  ["null", () => "null"],
  ["a text", () => '"x"'],
  ["a number", () => "7"],
  ["a comment", (text) => `/* */${text}`],
  ["single quotes", (text) => text.replaceAll('"', "'")],
  ["a comma too many", (text) => `${text.slice(0, -1)},}`],
  ["NaN", (text) => withMember(text, '"zz":NaN')],
  ["a line break inside a text", (text) => withMember(text, '"zz":"a\nb"')],
  ["bytes that are no UTF-8", (text) => Buffer.concat([Buffer.from('{"zz":"'), Buffer.from([0xc3, 0x28]), Buffer.from(`",${text.slice(1)}`)])],
  ["an overlong form of a slash", (text) => Buffer.concat([Buffer.from('{"zz":"'), Buffer.from([0xc0, 0xaf]), Buffer.from(`",${text.slice(1)}`)])],
  ["half a surrogate pair in UTF-8", (text) => Buffer.concat([Buffer.from('{"zz":"'), Buffer.from([0xed, 0xa0, 0x80]), Buffer.from(`",${text.slice(1)}`)])],
  ["UTF-16", (text) => Buffer.from(text, "utf16le")],
  ["a byte order mark", (text) => Buffer.concat([Buffer.from([0xef, 0xbb, 0xbf]), Buffer.from(text)])],
  ["lists a hundred deep", (text) => withMember(text, `"zz":${nested(100, "[", "]")}`)],
  ["lists a hundred thousand deep", (text) => withMember(text, `"zz":${nested(100_000, "[", "]")}`)],
  ["objects a hundred thousand deep", (text) => withMember(text, `"zz":${'{"a":'.repeat(100_000)}1${"}".repeat(100_000)}`)],
  ["a member twice", (text, first) => withMember(text, `${JSON.stringify(first)}:"other"`)],
  ["a member twice, once escaped", (text, first) => withMember(text, `"\\u${first.charCodeAt(0).toString(16).padStart(4, "0")}${first.slice(1)}":"other"`)],
  ["a member twice, deep inside", (text) => withMember(text, '"zz":[{"a":{"b":1,"b":2}}]')],
  ["a name of the language twice", (text) => withMember(text, '"zz":{"__proto__":1,"__proto__":2}')],
];

describe.each(doors)("$title", (door) => {
  let gateway: TestGateway;
  const honest = JSON.stringify(door.body);
  beforeAll(async () => {
    gateway = await startDoors(upstream.endpoint, door.protocol);
  });
  afterAll(() => gateway.close());
  beforeEach(() => {
    gateway.evidence.entries.length = 0;
    upstream.connections = 0;
  });

  test("the honest body is understood", async () => {
    expect(codeOf((await gateway.call(door.path, honest, door.headers)).text)).not.toBe("unreadable_body");
    expect(gateway.evidence.entries.length).toBeGreaterThan(0);
  });

  test.each(bodies)("%s", async (_what, make) => {
    const reply = await gateway.call(door.path, make(honest, Object.keys(door.body)[0]!), door.headers);
    expect([reply.status, codeOf(reply.text)], reply.text.slice(0, 300)).toEqual([400, "unreadable_body"]);
    expect(reply.text).toMatch(/"remedies":\[\{"text":"/);
    expect(gateway.evidence.entries.map(({ type, terminal }) => [type, terminal])).toEqual([["decision", "refused"]]);
    expect(upstream.connections).toBe(0);
  });

  test("a body that is packed", async () => {
    const reply = await gateway.call(door.path, honest, { ...door.headers, "content-encoding": "gzip" });
    expect([reply.status, codeOf(reply.text)]).toEqual([400, "unreadable_body"]);
    expect(gateway.evidence.of("decision")).toHaveLength(1);
  });
});

describe.each(doors)("$title, bounded", (door) => {
  let gateway: TestGateway;
  const honest = JSON.stringify(door.body);
  const recorded = () => gateway.evidence.entries.map(({ type, terminal }) => [type, terminal]);
  const closing = { connection: "close" };
  afterEach(() => gateway.close());

  test("more than it takes, said beforehand or not, in one argument or in a thousand: refused, the rest unread", async () => {
    gateway = await startDoors(upstream.endpoint, door.protocol, { maxBodyBytes: 4_000 });
    const large = withMember(honest, `"zz":"${"x".repeat(8_000)}"`);
    const many = withMember(honest, `"zz":{${Array.from({ length: 1_000 }, (_, at) => `"a${at}":1`).join(",")}}`);
    for (const body of [large, many]) {
      const reply = await gateway.call(door.path, body, door.headers);
      expect([reply.status, codeOf(reply.text)]).toEqual([413, "payload_too_large"]);
    }
    const chunk = `400\r\n${"x".repeat(1_024)}\r\n`;
    expect(await sendRaw(gateway.port, door, { ...closing, "transfer-encoding": "chunked" }, chunk.repeat(8))).toMatch(/^HTTP\/1\.1 413/);
    expect(recorded()).toEqual([["decision", "refused"], ["decision", "refused"], ["decision", "refused"]]);
  });

  test("a body that trickles is given up in time", async () => {
    gateway = await startDoors(upstream.endpoint, door.protocol, { bodyTimeoutMs: 100 });
    const answer = await sendRaw(gateway.port, door, { ...closing, "content-length": String(honest.length) }, honest.slice(0, -1));
    expect(answer).toMatch(/^HTTP\/1\.1 400/);
    expect(codeOf(answer)).toBe("unreadable_body");
    expect(recorded()).toEqual([["decision", "refused"]]);
  });

  test("a length that the body disagrees with: what is left over is no second request", async () => {
    gateway = await startDoors(upstream.endpoint, door.protocol);
    const smuggled = `POST ${door.path} HTTP/1.1\r\nhost: localhost\r\n\r\n`;
    const answer = await sendRaw(gateway.port, door, { ...closing, "content-length": String(honest.length - 1) }, honest + smuggled);
    expect(answer.match(/^HTTP\/1\.1 \d+/gm)).toEqual(["HTTP/1.1 400"]);
    expect(recorded()).toEqual([["decision", "refused"]]);
  });

  test("two lengths, or a length and chunks, are no HTTP: nothing is read of them", async () => {
    gateway = await startDoors(upstream.endpoint, door.protocol);
    const heads: readonly Readonly<Record<string, string>>[] = [{ "content-length": String(honest.length), "transfer-encoding": "chunked" }, { "content-length": String(honest.length), "Content-Length": "5" }, { "transfer-encoding": "gzip, chunked, identity" }];
    for (const more of heads)
      expect(await sendRaw(gateway.port, door, { ...closing, ...more }, honest), JSON.stringify(more)).toMatch(/^HTTP\/1\.1 400/);
    expect(recorded()).toEqual([]);
  });

  test("the calls under way hold no more together than they may: one more that is large is told to come back", async () => {
    gateway = await startDoors(upstream.endpoint, door.protocol, { maxBytesInFlight: 1_000, maxInFlight: 10 });
    const reply = await gateway.call(door.path, withMember(honest, `"zz":"${"x".repeat(8_000)}"`), door.headers);
    expect([reply.status, codeOf(reply.text), reply.headers.get("retry-after")]).toEqual([429, "rate", "1"]);
    expect(recorded()).toEqual([["decision", "refused"]]);
    await expect.poll(() => gateway.gateway.counts().bytesInFlight).toBe(0);
  });
});
