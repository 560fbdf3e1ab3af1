import { createServer } from "node:http";
import type { Server } from "node:http";
import type { AddressInfo } from "node:net";
import { exportJWK, generateKeyPair, SignJWT } from "jose";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { startTestServer } from "../testing/running-server.ts";
import type { TestServer } from "../testing/running-server.ts";

let mandate: TestServer;
const listeners: Server[] = [];
const keys = await generateKeyPair("ES256", { extractable: true });
let issuer: string;
let model: string;

async function listen(answer: (path: string, self: string) => unknown): Promise<string> {
  const server = createServer((request, response) => {
    request.resume();
    request.on("end", () => response.writeHead(200, { "content-type": "application/json" }).end(JSON.stringify(answer(request.url ?? "", `http://127.0.0.1:${(server.address() as AddressInfo).port}`))));
  });
  listeners.push(server);
  await new Promise<void>((done) => server.listen(0, "127.0.0.1", done));
  return `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
}

const manifest = (name: string, spec = "", classes = "[]") => `apiVersion: v1
kind: Model
metadata: { name: local }
spec: { host: self, protocol: openai, endpoint: "${model}/v1", region: EEA, maxSensitivity: internal, training: never }
---
apiVersion: v1
kind: Destination
metadata: { name: partner-lake }
spec: { kind: partner, region: EEA, classes: [], maxSensitivity: internal, purposes: [] }
---
apiVersion: v1
kind: AISystem
metadata: { name: ${name} }
spec:
  title: ${name}
  purposes: [{ id: notes, text: Writes notes of ${name}. }]
  owners: { business: bea@x.example, technical: tom@x.example }
  autonomy: suggests
  intake: { prohibited: [], annex3: [], annex1: false, profiling: false, decisionEffect: none, reversibility: full, vulnerable: false, publicBody: false, euNexus: true }
  boundary: { sensitivity: internal, classes: ${classes}, regions: [EEA], training: never }
  session: { user: token, issuers: ["${issuer}"], claims: [team], audiences: [mandate] }
  uses: { models: [model:local] }
${spec}`;

const api = async (method: string, path: string, body?: unknown) => {
  const reply = await mandate.request(method, `/api/v1${path}`, body === undefined ? {} : { body });
  expect(reply.status, reply.text).toBeLessThan(300);
  return reply.body;
};
const keyOf = async (system: string): Promise<string> => (await api("POST", "/credentials", { system, name: "k", ttl: "8h" })).key;
const chat = async (key: string, content: string, headers: Record<string, string> = {}): Promise<number> => {
  const response = await fetch(`${mandate.gatewayUrl}/v1/chat/completions`, { method: "POST", headers: { authorization: `Bearer ${key}`, "content-type": "application/json", ...headers }, body: JSON.stringify({ model: "local", messages: [{ role: "user", content }] }) });
  await response.text();
  return response.status;
};
/** What the gateway wrote is in the index, then the jobs look at it. */
const reviewed = async (system: string) => {
  await api("GET", "/decisions?limit=1");
  await mandate.server.jobs.runAll();
  return api("GET", `/systems/${system}/tier`);
};
const findings = async (system: string) => (await api("GET", `/findings?system=${system}&kind=tier.contradiction&state=open`)).items;

beforeAll(async () => {
  model = await listen(() => ({ id: "c1", object: "chat.completion", created: 1, model: "local", choices: [{ index: 0, message: { role: "assistant", content: "hi" }, finish_reason: "stop" }], usage: { prompt_tokens: 1, completion_tokens: 1, total_tokens: 2 } }));
  const jwk = { ...(await exportJWK(keys.publicKey)), kid: "k1", alg: "ES256", use: "sig" };
  issuer = await listen((path, self) => (path.startsWith("/.well-known") ? { issuer: self, jwks_uri: `${self}/jwks` } : { keys: [jwk] }));
  mandate = await startTestServer();
  for (const name of ["typed", "slipped", "served"]) await mandate.request("POST", "/api/v1/apply", { body: manifest(name) });
  await mandate.server.jobs.runAll();
}, 60_000);
afterAll(async () => {
  await mandate?.close();
  for (const server of listeners) server.close();
});

describe("traffic through the gateway that contradicts what was declared", () => {
  it("raises the tier when a class that nobody declared comes again and again, and one that slipped in says nothing", async () => {
    const [typed, slipped] = [await keyOf("typed"), await keyOf("slipped")];
    expect((await reviewed("typed")).tier).toBe("T0");
    expect(await chat(slipped, "write to maria.keller@halden.example")).toBe(403);
    for (let call = 0; call < 10; call++) expect(await chat(typed, `note ${call}: card 4111 1111 1111 1111 of maria.keller@halden.example`)).toBe(403);
    expect((await reviewed("slipped")).tier).toBe("T0");
    expect(await findings("slipped")).toEqual([]);
    expect(await reviewed("typed")).toMatchObject({ tier: "T2", contradictions: [{ input: "data_classes", declared: "none", observed: expect.stringContaining("payment") }] });
    expect(await findings("typed")).toMatchObject([{ owner: "tom@x.example", detail: expect.stringContaining("personal") }]);
    // What somebody refused to let in doesn't stop the system: people have their fourteen days to decide.
    expect(await chat(typed, "hello")).toBe(200);
    expect((await api("GET", "/authorizations?system=typed&state=submitted")).items).toMatchObject([{ tier: "T2" }]);
  });

  it("never by secrets: they are a slip, whoever sends them", async () => {
    const key = await keyOf("slipped");
    for (let call = 0; call < 12; call++) expect(await chat(key, `AKIAIOSFODNN7EXAMPL${call % 10} and aws_secret_access_key=wJalrXUtnFEMI/K7MDENG/bPxRfiCYEXAMPLEKE${call % 10}`)).toBe(403);
    expect(await reviewed("slipped")).toMatchObject({ tier: "T0", contradictions: [] });
  });

  it("shows that it talks with people, when calls carry their tokens", async () => {
    const key = await keyOf("served");
    const token = await new SignJWT({ team: "blue", sub: "u1" }).setProtectedHeader({ alg: "ES256", kid: "k1" }).setIssuer(issuer).setAudience("mandate").setIssuedAt(Math.floor(mandate.now() / 1000)).setExpirationTime(Math.floor(mandate.now() / 1000) + 600).sign(keys.privateKey);
    expect(await chat(key, "hello")).toBe(200);
    expect((await reviewed("served")).tier).toBe("T0");
    expect(await chat(key, "hello", { "x-mandate-user": token })).toBe(200);
    expect(await reviewed("served")).toMatchObject({ tier: "T1", flags: [{ flag: "F-ART50" }], contradictions: [{ input: "interacts_with_people", declared: "no", observed: "calls for signed-in users" }] });
    const before = (await api("GET", "/systems/served/tier")).history.length;
    expect(await chat(key, "again", { "x-mandate-user": token })).toBe(200);
    expect((await reviewed("served")).history).toHaveLength(before);
  });

  it("is gone again, with its finding, once the record says the same", async () => {
    await api("POST", "/apply", manifest("served", "  interactsWithPeople: true"));
    expect(await reviewed("served")).toMatchObject({ tier: "T1", contradictions: [] });
    expect(await findings("served")).toEqual([]);
  });
});
