import { afterAll, beforeAll, expect, it } from "vitest";
import { bootstrapToken, startTestServer } from "../testing/running-server.ts";
import type { TestServer } from "../testing/running-server.ts";

let mandate: TestServer;
beforeAll(async () => {
  mandate = await startTestServer();
});
afterAll(() => mandate?.close());

it("a page hears of a change as it commits, and nobody listens without an identity", async () => {
  expect((await fetch(`${mandate.url}/api/v1/events`)).status).toBe(401);
  const stop = new AbortController();
  const response = await fetch(`${mandate.url}/api/v1/events`, { headers: { authorization: `Bearer ${bootstrapToken}` }, signal: stop.signal });
  expect(response.headers.get("content-type")).toBe("text/event-stream");
  const reader = response.body!.pipeThrough(new TextDecoderStream()).getReader();
  let heard = (await reader.read()).value ?? "";
  await mandate.request("PUT", "/api/v1/settings/outbound", { body: { allow: ["10.0.0.0/8"] } });
  while (!heard.includes("event: change")) heard += (await reader.read()).value ?? "";
  expect(heard).toMatch(/event: change\ndata: \{"kinds":\["setting"\],"version":\d+\}/);
  stop.abort();
});

it("AuthZEN answers on the control listener to an API token", async () => {
  const answer = await mandate.request("POST", "/access/v1/evaluation", {
    body: { subject: { type: "system", id: "nobody" }, action: { name: "tool.call" }, resource: { type: "tool", id: "x" }, context: {} },
  });
  expect(answer.status, answer.text).toBe(200);
  expect(answer.body.decision).toBe(false);
  expect((await mandate.request("POST", "/access/v1/evaluation", { token: null, body: {} })).status).toBeGreaterThanOrEqual(400);
  expect((await mandate.request("GET", "/.well-known/authzen-configuration", { token: null })).status).toBe(200);
});
