import { connect } from "node:net";
import { readFileSync, writeFileSync } from "node:fs";
import { fileURLToPath } from "node:url";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { startTestServer } from "../testing/running-server.ts";
import type { TestServer } from "../testing/running-server.ts";

let mandate: TestServer;
beforeAll(async () => {
  mandate = await startTestServer();
});
afterAll(() => mandate?.close());

/** Bytes on a socket: what no HTTP client would send. */
function raw(text: string): Promise<string> {
  const { hostname, port } = new URL(mandate.url);
  return new Promise((resolve, reject) => {
    let answer = "";
    const socket = connect(Number(port), hostname, () => socket.write(text));
    socket.setTimeout(5000, () => socket.destroy());
    socket.on("data", (part) => (answer += part.toString()));
    socket.on("close", () => resolve(answer));
    socket.on("error", reject);
  });
}

describe("the front door", () => {
  it("answers with its own security headers and echoes a request id", async () => {
    const answer = await mandate.request("GET", "/healthz", { token: null, headers: { "x-request-id": "trace-1" } });
    expect(answer.status).toBe(200);
    expect(answer.headers.get("x-request-id")).toBe("trace-1");
    expect(answer.headers.get("x-content-type-options")).toBe("nosniff");
    expect(answer.headers.get("content-security-policy")).toContain("default-src 'none'");
    expect((await mandate.request("GET", "/healthz", { token: null, headers: { "x-request-id": "a b" } })).headers.get("x-request-id")).toMatch(/^req_/);
  });

  it("takes a request that names a media type and sends no body as one without a body", async () => {
    const post = (path: string) => raw(`POST ${path} HTTP/1.1\r\nHost: localhost\r\nAuthorization: Bearer bootstrap-token-for-tests-0123456789abcd\r\nContent-Type: application/json\r\nContent-Length: 0\r\nConnection: close\r\n\r\n`);
    await mandate.request("POST", "/api/v1/people", { body: { email: "nobody@x.example", name: "Nobody" } });
    expect(await post("/api/v1/people/nobody%40x.example/sign-in-links")).toMatch(/^HTTP\/1.1 201 [^]*"url"/);
    // Where one is needed, the problem names what is missing.
    expect(await post("/api/v1/people")).toMatch(/^HTTP\/1.1 400 [^]*request\.invalid/);
    expect(await post("/api/v1/apply")).toMatch(/^HTTP\/1.1 4\d\d /);
  });

  it("refuses a host name that isn't ours (DNS rebinding)", async () => {
    expect(await raw("GET /api/v1/session HTTP/1.1\r\nHost: evil.example\r\nConnection: close\r\n\r\n")).toMatch(/^HTTP\/1.1 421 /);
  });

  it("a page on an IP address moves to localhost, the API doesn't, and no path moves it elsewhere", async () => {
    const page = await mandate.request("GET", "/systems?x=1", { token: null, headers: { accept: "text/html" } });
    expect(page.status).toBe(307);
    expect(page.headers.get("location")).toBe(`http://localhost:${new URL(mandate.url).port}/systems?x=1`);
    const sneaky = await raw("GET //evil.example/ HTTP/1.1\r\nHost: 127.0.0.1\r\nAccept: text/html\r\nConnection: close\r\n\r\n");
    expect(sneaky).toMatch(/location: http:\/\/localhost\/evil.example\//i);
    expect((await mandate.request("GET", "/api/v1/session", { headers: { accept: "text/html" } })).status).toBe(200);
  });

  it.each([
    ["broken JSON", '{"a":', "application/json", 400],
    ["prototype pollution", '{"__proto__":{"x":1},"email":"a@b.example"}', "application/json", 400],
    ["an unknown media type", "<a/>", "application/xml", 415],
    ["a body over the limit", `"${"x".repeat(2 * 1024 * 1024)}"`, "application/json", 413],
  ])("%s gets a clear problem", async (_name, body, type, status) => {
    const response = await fetch(`${mandate.url}/api/v1/people`, { method: "POST", headers: { authorization: "Bearer bootstrap-token-for-tests-0123456789abcd", "content-type": type }, body });
    const problem = (await response.json()) as { status: number; remedies: unknown[]; requestId: string };
    expect([response.status, problem.status]).toEqual([status, status]);
    expect(problem.remedies.length).toBeGreaterThan(0);
    expect(problem.requestId).toBe(response.headers.get("x-request-id"));
  });

  it.each(["/api/v1/nothing", "/api/v1/../../etc/passwd", "/api/v1/people/%2e%2e%2f", "/api/%00"])("no route: %s", async (path) => {
    const answer = await raw(`GET ${path} HTTP/1.1\r\nHost: localhost\r\nAuthorization: Bearer bootstrap-token-for-tests-0123456789abcd\r\nConnection: close\r\n\r\n`);
    expect(answer).toMatch(/^HTTP\/1.1 (?:400|404) /);
    expect(answer).toContain("application/problem+json");
  });

  it("metrics want a token when asked for by another name or through a proxy", async () => {
    expect((await mandate.request("GET", "/metrics", { token: null })).text).toContain("mandate_register_version");
    expect((await mandate.request("GET", "/metrics", { token: null, headers: { "x-forwarded-for": "10.0.0.9" } })).status).toBe(401);
  });

  it("the same Idempotency-Key does the same thing once", async () => {
    const send = (name: string) => mandate.request("POST", "/api/v1/people", { body: { email: "once@halden.example", name, roles: [] }, headers: { "idempotency-key": "k1" } });
    const first = await send("Once");
    const again = await send("Once");
    expect([first.status, again.status, again.headers.get("idempotent-replayed")]).toEqual([201, 201, "true"]);
    expect(again.text).toBe(first.text);
    expect((await send("Other")).status).toBe(422);
    const secret = () => mandate.request("POST", "/api/v1/gateways", { body: { name: "gw-once" }, headers: { "idempotency-key": "k2" } });
    expect((await secret()).status).toBe(201);
    const repeat = await secret();
    expect([repeat.status, repeat.body.code]).toEqual([409, "request.answered_once"]);
  });
});

describe("operating routes", () => {
  it("ready once calls can be decided", async () => {
    expect((await mandate.request("GET", "/readyz", { token: null })).body).toMatchObject({ ready: true });
  });

  it("outbound addresses: an administrator's list, never everything, never metadata", async () => {
    expect((await mandate.request("GET", "/api/v1/settings/outbound")).body).toEqual({ allow: ["127.0.0.0/8", "::1/128"], default: true });
    const put = (allow: unknown, token?: string) => mandate.request("PUT", "/api/v1/settings/outbound", { body: { allow }, ...(token === undefined ? {} : { token }) });
    for (const allow of [["0.0.0.0/0"], ["169.254.169.254/32"], "10.0.0.0/8", [1]]) expect((await put(allow)).status).toBe(400);
    expect((await put(["127.0.0.0/8", "vllm.ml.svc:8000"])).status).toBe(200);
    expect(mandate.server.publisher.current.outboundAllow).toEqual(["127.0.0.0/8", "vllm.ml.svc:8000"]);
    expect((await put([], "mdt_x")).status).toBe(401);
  });

  it("gateways: this process's own has confirmed, a registered one hasn't", async () => {
    const { items } = (await mandate.request("GET", "/api/v1/gateways")).body;
    expect(items[0]).toMatchObject({ confirmed: true });
    expect((await mandate.request("POST", "/api/v1/gateways", { body: { name: "gw-once" } })).status).toBe(409);
    expect((await mandate.request("POST", "/api/v1/gateways", { body: { name: "../x" } })).status).toBe(400);
  });
});

describe("planted secrets", () => {
  it("never come back: not in answers, errors or logs", async () => {
    const canary = "sk-canary-9f3b1c7e5a2d4486";
    const seal = (body: unknown) => mandate.request("PUT", "/api/v1/secrets/canary", { body });
    const answers = [
      await seal({ value: canary, hosts: ["api.example:443"] }),
      await seal({ value: canary, hosts: [] }),
      await seal({ value: canary, hosts: [`http://${canary}`] }),
      await seal({ value: `${canary}\r\nx: y`, hosts: ["a.example"] }),
      await seal({ value: canary, hosts: ["a.example"], extra: canary }),
      await seal(canary),
      await mandate.request("GET", "/api/v1/secrets"),
      await mandate.request("GET", "/api/v1/people", { token: canary }),
      await mandate.request("GET", `/api/v1/people/${canary}`),
      await mandate.request("GET", `/api/v1/nothing?key=${canary}`),
      await mandate.request("GET", "/metrics"),
    ];
    expect(answers[0]!.body).toEqual({ name: "canary", hosts: ["api.example:443"], version: 1, changedAt: expect.any(String) });
    expect(mandate.server.publisher.current.secrets).toEqual([{ name: "canary", value: canary, hosts: ["api.example:443"] }]);
    for (const answer of answers) expect(answer.text + JSON.stringify([...answer.headers])).not.toContain(canary);
    expect(mandate.logged()).not.toContain(canary);
    expect((await mandate.request("DELETE", "/api/v1/secrets/canary")).status).toBe(204);
    expect((await mandate.request("DELETE", "/api/v1/secrets/canary")).status).toBe(404);
    expect(mandate.server.publisher.current.secrets).toEqual([]);
  });
});

const golden = fileURLToPath(new URL("../../fixtures/openapi.json", import.meta.url));

it("the API is the one reviewed: regenerate with MANDATE_UPDATE_GOLDEN=1 and read the difference", async () => {
  const document = `${JSON.stringify((await mandate.request("GET", "/api/v1/openapi.json", { token: null })).body, null, 2)}\n`;
  if (process.env["MANDATE_UPDATE_GOLDEN"] === "1") writeFileSync(golden, document);
  expect(document).toBe(readFileSync(golden, "utf8"));
  const { paths } = JSON.parse(document) as { paths: Record<string, Record<string, { operationId?: string }>> };
  const ids = Object.values(paths).flatMap((path) => Object.values(path).flatMap((one) => one.operationId ?? []));
  expect(ids.filter((id, at) => ids.indexOf(id) !== at), "OpenAPI 3.1, 4.8.10: unique, or generated clients lose one").toEqual([]);
});
