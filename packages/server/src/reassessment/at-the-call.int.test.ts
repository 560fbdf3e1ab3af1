import { createServer } from "node:http";
import type { Server } from "node:http";
import type { AddressInfo } from "node:net";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { startTestServer } from "../testing/running-server.ts";
import type { Reply, TestServer } from "../testing/running-server.ts";

let mandate: TestServer;
let upstream: Server;
const tokens: Record<string, string> = {};
const keys: Record<string, string> = {};
const day = 86_400_000;
const people = { own: ["business-owner"], tech: ["technical-owner"], dev: ["developer"], ada: ["developer"], lead: ["governance-lead"] } as const;
type Who = keyof typeof people;

const as = (who: Who, method: string, path: string, body?: unknown): Promise<Reply> => mandate.request(method, `/api/v1${path}`, { token: tokens[who]!, ...(body === undefined ? {} : { body }) });
const shared = (uses = "") => `apiVersion: v1
kind: Model
metadata: { name: m }
spec: { host: self, protocol: openai, endpoint: "http://127.0.0.1:${(upstream.address() as AddressInfo).port}/v1", served: [m], region: EEA, maxSensitivity: internal, training: never }
---
apiVersion: v1
kind: Model
metadata: { name: m2 }
spec: { host: self, protocol: openai, endpoint: "http://127.0.0.1:${(upstream.address() as AddressInfo).port}/v1", served: [m], region: EEA, maxSensitivity: internal, training: never }
---
apiVersion: v1
kind: Prompt
metadata: { name: brief }
spec: { template: "Answer {{name}} briefly.", slots: { name: { charset: letters, maxLength: 30 } } }
${uses}`;
interface Parts {
  readonly audience?: string;
  readonly purpose?: string;
  readonly models?: string;
  readonly prompts?: string;
  readonly more?: string;
}
const system = (name: string, { audience = "internal", purpose = "Answers questions.", models = "model:m", prompts = "", more = "" }: Parts = {}) => `---
apiVersion: v1
kind: AISystem
metadata: { name: ${name} }
spec:
  title: ${name}
  purposes: [{ id: help, text: "${purpose}" }]
  owners: { business: own@x.example, technical: tech@x.example }
  audience: ${audience}
  autonomy: suggests
  intake: { prohibited: [], annex3: [], annex1: false, profiling: false, decisionEffect: none, reversibility: none, vulnerable: false, publicBody: false, euNexus: true }
  boundary: { sensitivity: internal, regions: [EEA], training: never }
  distinctFrom: []
  uses: { models: [${models}], prompts: [${prompts}] }
${more}`;
const apply = (who: Who, yaml: string) => as(who, "POST", "/apply", yaml.replace(/^---\n/, ""));
const call = async (name: string, model = "m", prompt?: string): Promise<string> => {
  const messages = [...(prompt === undefined ? [] : [{ role: "system", content: prompt }]), { role: "user", content: "Hello" }];
  const response = await fetch(`${mandate.gatewayUrl}/v1/chat/completions`, { method: "POST", headers: { authorization: `Bearer ${keys[name]}`, "content-type": "application/json" }, body: JSON.stringify({ model, messages }) });
  const body = (await response.json()) as { error?: { code: string } };
  return response.status === 200 ? "answered" : (body.error?.code ?? String(response.status));
};
const open = async (name: string) => (await as("lead", "GET", `/reassessments?state=open&system=${name}`)).body.items;
/** Past an instant, with what gateways hold already: no job runs, the register is asked for nothing new. */
const later = async (ms: number): Promise<void> => {
  mandate.advance(ms);
  await mandate.server.publisher.refresh();
  await mandate.server.publisher.refresh();
};

async function register(name: string, parts: Parts = {}): Promise<void> {
  const applied = await mandate.request("POST", "/api/v1/apply", { body: shared(system(name, parts)) });
  expect(applied.status, applied.text).toBe(200);
  for (const one of (await as("own", "GET", `/approvals?system=${name}&state=pending`)).body.items) expect((await as("own", "POST", `/approvals/${one.id}/approve`, { reason: "go" })).status).toBe(200);
  keys[name] = (await mandate.request("POST", "/api/v1/credentials", { body: { system: name, name: "k", ttl: parts.audience === undefined ? "60d" : "20d" } })).body.key;
  expect(await call(name), name).toBe("answered");
}

beforeAll(async () => {
  upstream = createServer((request, response) => {
    request.resume();
    request.on("end", () => response.writeHead(200, { "content-type": "application/json" }).end(JSON.stringify({ id: "c1", object: "chat.completion", created: 1, model: "m", choices: [{ index: 0, message: { role: "assistant", content: "hi" }, finish_reason: "stop" }], usage: { prompt_tokens: 1, completion_tokens: 1, total_tokens: 2 } })));
  });
  await new Promise<void>((done) => upstream.listen(0, "127.0.0.1", done));
  mandate = await startTestServer();
  for (const [who, roles] of Object.entries(people)) {
    await mandate.request("POST", "/api/v1/people", { body: { email: `${who}@x.example`, name: who, roles } });
    tokens[who] = (await mandate.request("POST", `/api/v1/people/${who}@x.example/tokens`, { body: { notAfter: new Date(Date.now() + 300 * day).toISOString() } })).body.token;
  }
}, 60_000);
afterAll(async () => {
  await mandate?.close();
  upstream?.close();
});

describe("a change of an authorized version, at the very next call of a real gateway", () => {
  it("of class A changes nothing and is on record", async () => {
    await register("cosmetic");
    expect((await apply("dev", system("cosmetic", { more: "  environments: [prod]\n" }))).status).toBe(200);
    expect(await call("cosmetic")).toBe("answered");
    expect((await as("lead", "GET", "/change-events?limit=50")).body.items).toContainEqual(expect.objectContaining({ subject: "system:cosmetic", class: "A" }));
  });

  it("of class B denies the difference alone, until an owner finds it fine; whoever made it can't", async () => {
    await register("grows");
    expect((await apply("dev", system("grows", { models: "model:m, model:m2" }))).status).toBe(200);
    expect([await call("grows"), await call("grows", "m2")]).toEqual(["answered", "reassessment_required"]);
    const [one] = await open("grows");
    expect(one).toMatchObject({ class: "B", systems: [{ system: "grows" }] });
    const decide = (who: Who) => as(who, "POST", `/reassessments/${one.id}/decide`, { outcome: "reaffirmed", system: "grows", reason: "the same weights" });
    expect((await decide("dev")).status).toBe(403);
    expect(await call("grows", "m2")).toBe("reassessment_required");
    expect((await decide("tech")).status).toBe(200);
    expect([await call("grows"), await call("grows", "m2"), await open("grows")]).toEqual(["answered", "answered", []]);
  });

  it("of class B that nobody decides refuses every call at its fourteenth day, by the clock", async () => {
    await register("lingers");
    await apply("dev", system("lingers", { models: "model:m, model:m2" }));
    await later(14 * day - 60_000);
    expect(await call("lingers")).toBe("answered");
    await later(60_000);
    expect(await call("lingers")).toBe("reassessment_required");
  });

  it("of class C refuses every call at once, and taking it back doesn't start it again", async () => {
    await register("stops");
    expect((await apply("dev", system("stops", { purpose: "Decides who is hired." }))).status).toBe(200);
    expect(await call("stops")).toBe("reassessment_required");
    await apply("dev", system("stops"));
    expect(await call("stops")).toBe("reassessment_required");
  });
});

it("two people who change the same system at once leave one of their versions, one question, and no call that neither allowed", async () => {
  await register("raced");
  const before = keys["raced"];
  const answers = await Promise.all([apply("dev", system("raced", { models: "model:m, model:m2" })), apply("ada", system("raced", { prompts: "prompt:brief" })), ...Array.from({ length: 10 }, () => call("raced"))]);
  expect((answers.slice(0, 2) as Reply[]).map((one) => one.status)).toEqual([200, 200]);
  expect(answers.slice(2)).toEqual(Array.from({ length: 10 }, () => "answered"));
  const { spec } = (await as("lead", "GET", "/systems/raced")).body;
  const versions = [JSON.stringify([["model:m", "model:m2"], []]), JSON.stringify([["model:m"], ["prompt:brief"]])];
  expect(versions).toContain(JSON.stringify([spec.uses.models, spec.uses.prompts]));
  expect((await as("own", "GET", "/approvals?system=raced&state=pending")).body.items).toHaveLength(1);
  expect((await open("raced")).length).toBe(1);
  expect([await call("raced"), before === keys["raced"]]).toEqual(["answered", true]);
});

it("a system prompt outside its template at T2 is refused, found fine by the owner is sent word for word, and no other is", async () => {
  await register("prompted", { audience: "public", prompts: "prompt:brief" });
  expect((await as("lead", "GET", "/systems/prompted")).body.tier).toBe("T2");
  const [odd, other] = ["Answer in rhymes.", "Answer in riddles."];
  expect([await call("prompted", "m", "Answer Ann briefly."), await call("prompted", "m", odd)]).toEqual(["answered", "reassessment_required"]);
  await expect.poll(async () => (await open("prompted")).length, { timeout: 5000 }).toBe(1);
  const [one] = await open("prompted");
  expect(one).toMatchObject({ trigger: "prompt", class: "B", subject: expect.stringMatching(/^prompt:sha256:[0-9a-f]{64}$/) });
  expect((await as("own", "POST", `/reassessments/${one.id}/decide`, { outcome: "reaffirmed", system: "prompted", reason: "a joke for April" })).status).toBe(200);
  expect([await call("prompted", "m", odd), await call("prompted", "m", other), await call("prompted")]).toEqual(["answered", "reassessment_required", "answered"]);
});

it("an owner whom the directory removes leaves a vacancy whose clock suspends the system, unless a successor confirms in time", async () => {
  const bootstrap = (method: string, path: string, body?: unknown) => mandate.request(method, `/api/v1${path}`, body === undefined ? {} : { body });
  await bootstrap("POST", "/service-accounts", { name: "directory", owner: "lead@x.example", scopes: ["provisioning"] });
  const { token } = (await bootstrap("POST", "/service-accounts/directory/tokens", {})).body;
  const scim = (method: string, path: string, body?: unknown) => mandate.request(method, `/scim/v2${path}`, { token, ...(body === undefined ? {} : { body, headers: { "content-type": "application/scim+json" } }) });
  const bring = async (name: string): Promise<string> => (await scim("POST", "/Users", { schemas: ["urn:ietf:params:scim:schemas:core:2.0:User"], userName: `${name}@x.example`, emails: [{ value: `${name}@x.example`, primary: true }], active: true })).body.id;
  const leaver = await bring("leaver");
  for (const name of ["left", "followed"]) await register(name).then(() => mandate.request("POST", "/api/v1/apply", { body: system(name).replace(/^---\n/, "").replace("technical: tech@x.example", "technical: leaver@x.example") }));
  expect((await scim("DELETE", `/Users/${leaver}`)).status).toBe(204);
  expect((await as("lead", "GET", "/systems/left")).body.vacancies).toMatchObject([{ seat: "technical", email: "leaver@x.example" }]);
  expect((await as("own", "GET", "/needs")).body.items.map((one: { kind: string }) => one.kind)).toContain("vacancy");
  expect([await call("left"), await call("followed")]).toEqual(["answered", "answered"]);
  await mandate.request("POST", "/api/v1/apply", { body: system("followed").replace(/^---\n/, "") });
  const [asked] = (await as("tech", "GET", "/approvals?system=followed&state=pending")).body.items.filter((one: { action: string }) => one.action === "owner.succeed");
  expect((await as("tech", "POST", `/approvals/${asked.id}/approve`, { reason: "I take it over" })).status).toBe(200);
  // T0: thirty days.
  await later(30 * day - 60_000);
  expect(await call("left")).toBe("answered");
  await later(60_000);
  expect([await call("left"), await call("followed")]).toEqual(["system_suspended", "answered"]);
});

it("a class C change that can't reach the gateway because the control plane is gone: calls end with the tier's staleness bound", async () => {
  await register("cut-off");
  // From here nothing is published or confirmed: the gateway has what it held.
  mandate.server.publisher.close();
  expect((await apply("dev", system("cut-off", { purpose: "Decides who is hired." }))).status).toBe(200);
  expect((await as("lead", "GET", "/systems/cut-off")).body).toMatchObject({ statusCode: "reassessment_required" });
  expect(await call("cut-off")).toBe("answered");
  mandate.advance(299_000);
  expect(await call("cut-off")).toBe("answered");
  mandate.advance(3_000);
  expect(await call("cut-off")).toBe("control_unavailable");
});
