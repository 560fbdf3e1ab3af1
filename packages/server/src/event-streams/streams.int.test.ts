import { createServer } from "node:http";
import { createServer as createTcp } from "node:net";
import type { AddressInfo } from "node:net";
import { OutboundRule } from "@mandate/gateway";
import { afterAll, beforeAll, expect, test } from "vitest";
import { startTestServer } from "../testing/running-server.ts";
import type { TestServer } from "../testing/running-server.ts";
import { createEventStreams } from "./streams.ts";

interface Event {
  readonly metadata: { readonly uid: string; readonly log_name: string; readonly sequence: number };
}

let running: TestServer;
const http = { events: [] as Event[], authorization: [] as (string | undefined)[], status: 200 };
const receiver = createServer((request, response) => {
  let body = "";
  request.setEncoding("utf8").on("data", (part: string) => (body += part));
  request.on("end", () => {
    http.authorization.push(request.headers.authorization);
    if (http.status === 200) http.events.push(...body.trim().split("\n").map((line) => JSON.parse(line) as Event));
    response.writeHead(http.status).end();
  });
});
const syslog = { bytes: Buffer.alloc(0), cutAfter: -1 };
const collector = createTcp((socket) => {
  let held = Buffer.alloc(0);
  socket.on("error", () => undefined);
  socket.on("data", (part) => {
    held = Buffer.concat([held, part]);
    if (syslog.cutAfter >= 0) socket.resetAndDestroy();
  });
  socket.on("end", () => (syslog.bytes = Buffer.concat([syslog.bytes, held])));
});
const portOf = (server: { address(): AddressInfo | string | null }): number => (server.address() as AddressInfo).port;
const put = (name: string, to: unknown, from = "start") => running.request("PUT", `/api/v1/event-streams/${name}`, { body: { to, from, reason: "SOC" } });
const stateOf = async (name: string) => (await running.request("GET", "/api/v1/event-streams")).body.items.find((one: { name: string }) => one.name === name);

/** A process that starts anew on the same database. */
const restarted = () => createEventStreams({ db: running.db, org: running.server.org, now: running.now, outbound: () => new OutboundRule(["127.0.0.0/8"]), secrets: () => [{ name: "hec", value: "s3cret-of-the-receiver", hosts: [`127.0.0.1:${portOf(receiver)}`] }] as never, report: async () => undefined, settle: async () => undefined });

beforeAll(async () => {
  await Promise.all([new Promise<void>((done) => receiver.listen(0, "127.0.0.1", done)), new Promise<void>((done) => collector.listen(0, "127.0.0.1", done))]);
  running = await startTestServer();
  await running.request("PUT", "/api/v1/secrets/hec", { body: { value: "s3cret-of-the-receiver", hosts: [`127.0.0.1:${portOf(receiver)}`] } });
});
afterAll(async () => {
  await running.close();
  receiver.close();
  collector.close();
});

/** Every entry of every log that the stream says it delivered, each at least once, in order, none left out. */
function expectWhole(events: readonly Event[], logs: readonly { origin: string; taken: number }[]): void {
  for (const { origin, taken } of logs) {
    const seen = new Set(events.filter((one) => one.metadata.log_name === origin).map((one) => one.metadata.sequence));
    expect([...seen].sort((a, b) => a - b), origin).toEqual(Array.from({ length: taken }, (_, index) => index));
  }
}

test("over HTTP every entry arrives, with the secret, and a receiver that fails loses nothing across a restart", async () => {
  http.status = 503;
  const answer = await put("siem", { kind: "http", url: `http://127.0.0.1:${portOf(receiver)}/events`, secret: "hec" });
  expect(answer.status, answer.text).toBe(200);
  expect(answer.body).toMatchObject({ failing: "the receiver answers 503", failures: 1 });
  expect(answer.body.waiting).toBeGreaterThan(0);
  expect(http.authorization[0]).toBe("Bearer s3cret-of-the-receiver");
  http.status = 200;
  running.advance(10_000);
  await restarted().run();
  const state = await stateOf("siem");
  expect(state).toMatchObject({ failing: null, failures: 0 });
  expect(http.events.length).toBeGreaterThan(0);
  expectWhole(http.events, state.logs);
});

test("a position moves only with what was taken, and never back", async () => {
  const before = http.events.length;
  await running.request("PUT", "/api/v1/secrets/other", { body: { value: "another-secret-value", hosts: ["example.com"] } });
  await restarted().run();
  const state = await stateOf("siem");
  expectWhole(http.events, state.logs);
  expect(http.events.length).toBeGreaterThan(before);
  const uids = http.events.map((one) => one.metadata.uid);
  expect(new Set(uids).size).toBe(uids.length);
});

test("syslog frames are RFC 5424 behind their length; a connection that is cut sends the batch again", async () => {
  syslog.cutAfter = 1;
  const answer = await put("collector", { kind: "syslog", host: "127.0.0.1", port: portOf(collector), tls: false });
  expect(answer.body.failures, answer.text).toBe(1);
  syslog.cutAfter = -1;
  running.advance(10_000);
  await restarted().run();
  const events: Event[] = [];
  for (let at = 0; at < syslog.bytes.length; ) {
    const space = syslog.bytes.indexOf(" ", at);
    const length = Number(syslog.bytes.subarray(at, space).toString());
    const message = syslog.bytes.subarray(space + 1, space + 1 + length).toString();
    const parts = /^<110>1 \S+Z mandate mandate - ocsf - (\{.*\})$/.exec(message);
    events.push(JSON.parse(parts![1]!) as Event);
    at = space + 1 + length;
  }
  expectWhole(events, (await stateOf("collector")).logs);
});

test("a secret goes nowhere it wasn't sealed for, and a new stream may begin now", async () => {
  const answer = await put("elsewhere", { kind: "http", url: `http://localhost:${portOf(receiver)}/`, secret: "hec" }, "now");
  expect(answer.body.failing ?? "", answer.text).toMatch(/isn't sealed for/);
  expect(answer.body.logs.some((one: { taken: number }) => one.taken > 0)).toBe(true);
  expect((await running.request("DELETE", "/api/v1/event-streams/elsewhere", { body: { reason: "moved" } })).status).toBe(200);
  expect((await running.request("DELETE", "/api/v1/event-streams/elsewhere", { body: { reason: "moved" } })).body.code).toBe("streams.unknown");
});
