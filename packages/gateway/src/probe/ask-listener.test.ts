import { createServer } from "node:http";
import type { AddressInfo } from "node:net";
import { afterAll, beforeAll, expect, test } from "vitest";
import { askListener, listenerOf, probeKeyPrefix } from "./ask-listener.ts";

const heard: string[] = [];
const server = createServer((req, res) => {
  heard.push(`${req.method} ${req.url}`);
  if (req.headers.authorization?.endsWith("hangs") === true) return void req.socket.destroy();
  const answer = req.headers.authorization?.endsWith("large") === true ? "x".repeat(200_000) : JSON.stringify({ error: { code: "not_granted", rule: "r".repeat(2_000), message: "not told on" } });
  res.writeHead(403, { "content-type": "application/json", "x-mandate-decision": "dec_1" }).end(answer);
});
const call = (key: string, path = "/v1/chat/completions") => ({ path, key, body: { model: "m" } });
const key = (name: string): string => `${probeKeyPrefix}${name}`;
const at = () => ({ host: "127.0.0.1", port: (server.address() as AddressInfo).port });

beforeAll(() => new Promise<void>((done) => void server.listen(0, "127.0.0.1", done)));
afterAll(() => new Promise((done) => server.close(done)));

test("a probe's call is made as an application's, and its refusal alone is told on, bounded", async () => {
  const [met] = await askListener(at(), [call(key("open"))]);
  expect(met).toEqual({ status: 403, code: "not_granted", rule: "r".repeat(300), decision: "dec_1" });
});

test("whoever holds the control stream can have nothing else called: no other key, no other path, not without end", async () => {
  heard.length = 0;
  const others = [call("mdk_a-real-key"), call(`${key("x")}\r\nx-evil: 1`), call(key("x"), "/v1/models"), call(key("x"), "http://evil.example/v1/chat/completions"), call(key("x"), "/metrics")];
  expect(await askListener(at(), others)).toEqual(others.map(() => null));
  expect(heard).toEqual([]);
  expect(await askListener(at(), Array.from({ length: 100 }, () => call(key("open"))))).toHaveLength(64);
});

test("what doesn't answer, or answers without end, is not known; the next is asked all the same", async () => {
  const met = await askListener(at(), [call(key("hangs")), call(key("large")), call(key("open"))]);
  expect(met.map((one) => one?.code ?? null)).toEqual([null, null, "not_granted"]);
  expect(await askListener({ host: "127.0.0.1", port: 1 }, [call(key("open"))])).toEqual([null]);
});

test("a listener of every address is reached over loopback, one of a pipe not at all", () => {
  expect(listenerOf({ address: "::", port: 5 })).toEqual({ host: "127.0.0.1", port: 5 });
  expect(listenerOf({ address: "10.0.0.4", port: 5 })).toEqual({ host: "10.0.0.4", port: 5 });
  expect([listenerOf(null), listenerOf("/run/pipe")]).toEqual([null, null]);
});
