import { createServer } from "node:http";
import type { AddressInfo } from "node:net";
import { expect, test } from "vitest";
import { testFacts, testSnapshot, testSystem } from "./testing/facts.ts";
import { startTestGateway } from "./testing/gateway.ts";

test("a fault of ours before a call first waits is that call's refusal: 503, in the log, and the gateway goes on", async () => {
  const gateway = await startTestGateway(testSnapshot(testFacts("http://127.0.0.1:1/v1", testSystem("T0"))));
  const server = createServer((req, res) => {
    const headers = new Proxy(req.headers, {
      get(target, name) {
        if (name === "anthropic-version" && target["x-planted"] !== undefined) throw new Error("planted");
        return Reflect.get(target, name) as unknown;
      },
    });
    Object.defineProperty(req, "headers", { value: headers });
    gateway.gateway.handler(req, res);
  });
  await new Promise<void>((done) => server.listen(0, "127.0.0.1", done));
  const url = `http://127.0.0.1:${(server.address() as AddressInfo).port}/nowhere`;
  try {
    expect((await fetch(url, { headers: { "x-planted": "1" } })).status).toBe(503);
    expect(gateway.logged.join()).toContain("planted");
    expect((await fetch(url)).status).toBe(401);
    expect(gateway.gateway.counts().inFlight).toBe(0);
  } finally {
    server.closeAllConnections();
    server.close();
    await gateway.close();
  }
});
