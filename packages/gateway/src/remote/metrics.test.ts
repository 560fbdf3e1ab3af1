import { createServer, request } from "node:http";
import type { Server } from "node:http";
import type { AddressInfo } from "node:net";
import { afterEach, describe, expect, test } from "vitest";
import { requireMetricsToken, withMetrics } from "./metrics.ts";

const token = "a-scraper's-token-0123456789";
let server: Server;
afterEach(() => new Promise((done) => server.close(done)));

async function start(of: string | null): Promise<(headers: Readonly<Record<string, string>>, path?: string, method?: string) => Promise<{ status: number; text: string }>> {
  server = createServer(withMetrics({ metrics: () => [{ name: "up", help: "Up.", value: 1 }], token: of, next: (_req, res) => void res.writeHead(418).end() }));
  await new Promise<void>((done) => server.listen(0, "127.0.0.1", done));
  const { port } = server.address() as AddressInfo;
  return (headers, path = "/metrics", method = "GET") =>
    new Promise((resolve, reject) => {
      const call = request({ host: "127.0.0.1", port, path, method, agent: false, headers }, (reply) => {
        let text = "";
        reply.on("data", (part: Buffer) => (text += part.toString()));
        reply.on("end", () => resolve({ status: reply.statusCode ?? 0, text }));
      });
      call.once("error", reject);
      call.end();
    });
}

describe("figures of a stand-alone gateway", () => {
  test("are told on loopback without a token, whatever the query; everything else of the listener is the gateway's", async () => {
    const ask = await start(token);
    expect(await ask({ host: "localhost:4601" })).toEqual({ status: 200, text: "# HELP up Up.\n# TYPE up gauge\nup 1\n" });
    expect((await ask({ host: "127.0.0.1" }, "/metrics?x=1")).status).toBe(200);
    for (const [path, method] of [["/metrics/", "GET"], ["/metrics", "POST"], ["/metricsx", "GET"], ["//metrics", "GET"], ["/%6detrics", "GET"]] as const) expect((await ask({ host: "localhost" }, path, method)).status, path).toBe(418);
  });

  test("under another name or through a proxy they want the gateway's own token, and it alone", async () => {
    const ask = await start(token);
    const elsewhere: readonly Readonly<Record<string, string>>[] = [{ host: "gateway.example" }, { host: "localhost", "x-forwarded-for": "10.0.0.9" }, { host: "127.0.0.1.evil.example" }];
    for (const headers of elsewhere) {
      for (const wrong of [undefined, "Bearer nobody", `Bearer ${token}x`, `Bearer ${token.slice(0, -1)}`, token, `Basic ${token}`, "Bearer "]) {
        const answer = await ask({ ...headers, ...(wrong === undefined ? {} : { authorization: wrong }) });
        expect(answer.status, JSON.stringify([headers, wrong])).toBe(401);
        expect(JSON.parse(answer.text)).toMatchObject({ code: "identity.required", remedies: [{ text: expect.stringContaining("MANDATE_METRICS_TOKEN") as string }] });
      }
      expect((await ask({ ...headers, authorization: `Bearer ${token}` })).text).toContain("up 1");
    }
  });

  test("without a token set nobody elsewhere is answered, an empty bearer included", async () => {
    const ask = await start(null);
    for (const authorization of ["Bearer ", "Bearer null", "Bearer undefined"]) expect((await ask({ host: "gateway.example", authorization })).status).toBe(401);
    expect((await ask({ host: "localhost" })).status).toBe(200);
  });

  test("a token that could be guessed stops the start and says why", () => {
    server = createServer().listen(0);
    for (const weak of ["", "short", "x".repeat(23), `${"x".repeat(30)} with spaces`, "ümlaut-token-0123456789-0123"]) expect(() => requireMetricsToken(weak), weak).toThrow(/MANDATE_METRICS_TOKEN/);
    for (const fine of [null, token]) expect(() => requireMetricsToken(fine)).not.toThrow();
  });
});
