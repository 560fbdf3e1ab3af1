import type { ServerResponse } from "node:http";
import { connect, type Socket } from "node:net";
import { afterEach, beforeEach, expect, test } from "vitest";
import { testFacts, testKey, testSnapshot, testSystem } from "../testing/facts.ts";
import { startTestGateway, type TestGateway } from "../testing/gateway.ts";
import { hello, streaming } from "../testing/stage.ts";
import { chatAnswer, sendJson, startTestUpstream, type TestUpstream } from "../testing/upstream.ts";

// A thousand callers at once who read nothing, or send for ever: what they hold of this process is counted in bytes, and
// others' calls go on.

const callers = 1_000;
const budget = 16 * 1024 * 1024;
const each = 64 * 1024;
/** None of them could hold more together, however they came by it. */
const most = 2 * budget;
/** So many at least were cut, since those that weren't hold their whole part by now. */
const cutAtLeast = callers - Math.floor(most / each);

let upstream: TestUpstream;
let gateway: TestGateway;
const clients: Socket[] = [];
const accepted: Socket[] = [];
let held = 0;

beforeEach(async () => {
  upstream = await startTestUpstream();
  gateway = await startTestGateway(testSnapshot(testFacts(upstream.endpoint, testSystem("T0"))), { limits: { maxBytesInFlight: budget, maxInFlight: 1_100, upstreamConnections: 1_100 } });
  gateway.server.on("connection", (socket) => accepted.push(socket));
  held = 0;
});
afterEach(async () => {
  for (const socket of clients.splice(0)) socket.destroy();
  accepted.length = 0;
  await gateway.close();
  await upstream.close();
});

const look = (): void => {
  held = Math.max(held, gateway.gateway.counts().bytesInFlight);
};

function open(head: string, body: string): Socket {
  const socket = connect(gateway.port, "127.0.0.1", () => socket.write(`POST /v1/chat/completions HTTP/1.1\r\nhost: x\r\nauthorization: Bearer ${testKey}\r\n${head}\r\n\r\n${body}`));
  socket.on("error", () => undefined);
  clients.push(socket);
  return socket;
}

async function othersGoOn(): Promise<void> {
  const answer = await gateway.call("/v1/chat/completions", hello);
  expect(answer.status, answer.text).toBe(200);
}

async function nothingIsLeft(): Promise<void> {
  for (const socket of clients) socket.destroy();
  await expect.poll(() => gateway.gateway.counts(), { timeout: 20_000 }).toMatchObject({ inFlight: 0, bytesInFlight: 0 });
}

test("a thousand streams whose callers read nothing hold no more than is allowed for all; those past their share are ended and recorded", async () => {
  const event = `data: ${JSON.stringify({ model: "gpt-test", choices: [{ index: 0, delta: { content: "x".repeat(900) } }] })}\n\n`;
  const streams: ServerResponse[] = [];
  upstream.answer = (request, res) => {
    if (!request.body.includes('"stream":true')) return sendJson(res, chatAnswer("Hello."));
    streams.push(res);
    res.writeHead(200, { "content-type": "text/event-stream" });
    let left = Math.ceil(each / event.length);
    const pump = (): void => {
      while (left-- > 0) {
        look();
        if (!res.write(event)) return void res.once("drain", pump);
      }
    };
    pump();
  };
  const body = JSON.stringify(streaming);
  for (let n = 0; n < callers; n++) open(`content-length: ${body.length}`, body).pause();
  await expect.poll(() => streams.length, { timeout: 30_000 }).toBe(callers);
  await expect.poll(() => (look(), gateway.evidence.terminals().length), { timeout: 30_000 }).toBeGreaterThanOrEqual(cutAtLeast);
  expect(held).toBeLessThanOrEqual(most);
  // What waits in this process for a caller to read it: no more than it wrote at once.
  for (const socket of accepted) expect(socket.writableLength).toBeLessThanOrEqual(2 * each);
  expect(new Set(gateway.evidence.terminals())).toEqual(new Set(["upstream_cut"]));
  expect(gateway.evidence.of("call.outcome").every((entry) => entry.payload?.code === "rate")).toBe(true);
  await othersGoOn();
  await nothingIsLeft();
  expect(gateway.evidence.terminals()).toHaveLength(callers + 1);
}, 90_000);

test("a thousand bodies that never end hold no more than is allowed for all; those past their share are told to come back, and recorded", async () => {
  const statuses: string[] = [];
  for (let n = 0; n < callers; n++)
    open(`content-length: ${2 * each}`, "x".repeat(each)).on("data", (chunk: Buffer) => {
      look();
      statuses.push(/^HTTP\/1\.1 (\d+)/.exec(chunk.toString())![1]!);
    });
  await expect.poll(() => (look(), gateway.evidence.of("decision").length), { timeout: 30_000 }).toBeGreaterThanOrEqual(cutAtLeast);
  expect(held).toBeLessThanOrEqual(most);
  expect(new Set(statuses)).toEqual(new Set(["429"]));
  expect(gateway.evidence.of("decision").every((entry) => entry.summary?.code === "rate" && entry.terminal === "refused")).toBe(true);
  await othersGoOn();
  await nothingIsLeft();
  expect(upstream.seen).toHaveLength(1);
}, 90_000);

/** More than the kernel takes for a caller who reads nothing. */
const large = 8 * 1024 * 1024;
const muchBody = JSON.stringify({ ...hello, messages: [{ role: "user", content: "Much." }] });
const answerMuch = (): void => {
  upstream.answer = (request, res) => sendJson(res, chatAnswer(request.body.includes("Much.") ? "x".repeat(large) : "Hello."));
};

test("a whole answer that nobody reads counts until its caller is cut, though its call is over and recorded", async () => {
  await gateway.close();
  gateway = await startTestGateway(testSnapshot(testFacts(upstream.endpoint, testSystem("T0"))), { limits: { maxBytesInFlight: budget, maxInFlight: 1_100, callerIdleMs: 3_000 } });
  answerMuch();
  open(`content-length: ${muchBody.length}`, muchBody).pause();
  let isOverAndHeld = false;
  const isHeld = (): boolean => {
    const { inFlight, bytesInFlight } = gateway.gateway.counts();
    return (isOverAndHeld ||= gateway.evidence.terminals().length === 1 && inFlight === 0 && bytesInFlight > large);
  };
  await expect.poll(isHeld, { interval: 10, timeout: 15_000 }).toBe(true);
  await othersGoOn();
  await expect.poll(() => gateway.gateway.counts().bytesInFlight, { timeout: 15_000 }).toBe(0);
  expect(gateway.evidence.terminals()).toEqual(["done", "done"]);
}, 60_000);

test("a caller who reads slowly gets all of it, and holds no more of it back than was answered", async () => {
  answerMuch();
  let read = 0;
  const slow = open(`content-length: ${muchBody.length}\r\nconnection: close`, muchBody);
  const ended = new Promise((done) => slow.once("close", done));
  slow.on("data", (chunk: Buffer) => {
    look();
    read += chunk.length;
    slow.pause();
    setImmediate(() => slow.resume());
  });
  await ended;
  expect(read).toBeGreaterThan(large);
  expect(held).toBeLessThan(2 * large);
  await nothingIsLeft();
}, 60_000);
