import { createHash, randomUUID } from "node:crypto";
import { exportJWK, generateKeyPair, SignJWT } from "jose";
import OpenAI from "openai";
import { afterAll, beforeAll, expect, test } from "vitest";
import { type Reply, startTestServer, type TestServer } from "../../packages/server/src/testing/running-server.ts";
import { Somebody } from "../../packages/server/src/testing/somebody.ts";
import { runCli, startUpstream, type Upstream } from "./harness.ts";
import { startOutsideWitness } from "./outside-witness.ts";

const people = {
  bea: ["business-owner"],
  tom: ["technical-owner"],
  helena: ["authorizing-official"],
  pieter: ["legal-reviewer"],
  sam: ["security-reviewer"],
  dev: ["developer"],
} as const;
type Who = keyof typeof people;
const email = (who: Who): string => `${who}@halden.example`;

let mandate: TestServer;
let upstream: Upstream;
const by = {} as Record<Who, Somebody>;
let key: string;
let witness: { close(): Promise<void> } | undefined;

const intake = "intake: { prohibited: [], annex3: [ANX-III.5.b], annex1: false, profiling: true, decisionEffect: decides, reversibility: an appeal within a month, vulnerable: false, publicBody: false, euNexus: true }";
const parts = (spec = "") => `apiVersion: v1
kind: Vendor
metadata: { name: acme }
spec: { visibility: metadata, contract: { dpa: DPA-1, expires: 2029-01-31 } }
---
apiVersion: v1
kind: Model
metadata: { name: m }
spec: { vendor: vendor:acme, protocol: openai, endpoint: "${upstream.url}/v1", served: [gpt-test], region: EEA, training: never, retention: 0d, maxSensitivity: confidential }
---
apiVersion: v1
kind: Dataset
metadata: { name: applications }
spec: { sensitivity: confidential, classes: [personal], region: EEA, retention: 730d }
---
apiVersion: v1
kind: Tool
metadata: { name: loans.pay }
spec: { effect: pays, reversible: false, critical: [{ arg: loan, type: id }] }
---
apiVersion: v1
kind: AISystem
metadata: { name: loan-screen, labels: { channel: web-chat } }
spec:
  title: Loan screen
  purposes: [{ id: loans, text: Proposes whether somebody gets a loan. }]
  owners: { business: ${email("bea")}, technical: ${email("tom")} }
  audience: internal
  autonomy: acts-with-approval
  affected: [applicants]
  boundary: { sensitivity: confidential, classes: [personal], regions: [EEA], training: never, retention: { prompts: 183d, outputs: 183d } }
  uses: { models: [model:m], tools: [tool:loans.pay], datasets: [dataset:applications] }
${spec}`;
const document = (name: string, type: string, title: string) => `apiVersion: v1
kind: Document
metadata: { name: loan-${name} }
spec: { title: ${title}, type: ${type}, systems: [system:loan-screen], owner: ${email("bea")} }
`;
const evaluation = (metric: string) => `apiVersion: v1
kind: Evaluation
metadata: { name: loan-${metric} }
spec: { title: ${metric}, system: "system:loan-screen", owner: ${email("tom")}, metric: ${metric}, threshold: { direction: at-least, value: 0.9 }, score: 0.95, measured: "${new Date(Date.now() - 86_400_000).toISOString()}" }
`;
const training = (who: Who) => `apiVersion: v1
kind: TrainingRecord
metadata: { name: loan-training-${who} }
spec: { person: ${email(who)}, course: Oversight, systems: [system:loan-screen], completed: "2026-01-01T00:00:00Z" }
`;
const risk = `apiVersion: v1
kind: Risk
metadata: { name: loan-blind-vendor }
spec: { title: Acme shows no prompts of its own, systems: [system:loan-screen], owner: ${email("tom")}, likelihood: low, impact: medium, treatment: accept, residual: medium, controls: [LOG-05] }
`;
const policy = `apiVersion: v1
kind: Policy
metadata: { name: loan-limit }
spec:
  rules:
    - { id: loan-limit, on: "tool:loans.pay", holdUnless: context.input.amount <= 0, because: Each payment needs a person., remedies: [{ text: Have an owner answer. }] }
  tests:
    - { name: any, call: "tool:loans.pay", input: { loan: L1, amount: 1 }, expect: hold }
`;

const api = (who: Who, method: string, path: string, body?: unknown): Promise<Reply> => by[who].session.request(method, path, body);
async function applies(who: Who, yaml: string): Promise<void> {
  const answer = await api(who, "POST", "/apply", yaml);
  expect(answer.status, answer.text).toBe(200);
}
const system = async () => (await api("dev", "GET", "/systems/loan-screen")).body;
const gates = async (): Promise<{ id: string; state: string; who: { role: string; email: string | null } }[]> => (await api("dev", "GET", "/systems/loan-screen/gates?type=production")).body.gates;
const unmet = async () => (await gates()).filter((gate) => gate.state === "not_met").map((gate) => gate.id);
const question = async (): Promise<string> => (await api("dev", "GET", "/approvals?system=loan-screen&state=pending")).body.items[0].id;
const ask = (client: OpenAI) =>
  client.chat.completions.create({ model: "m", messages: [{ role: "user", content: "Hello" }] }).then(
    (answer) => answer.choices[0]!.message.content,
    (error: unknown) => (error instanceof OpenAI.APIError ? `${error.status} ${String(error.code)}` : String(error)),
  );
const withKey = () => new OpenAI({ baseURL: `${mandate.gatewayUrl}/v1`, apiKey: key, maxRetries: 0 });

beforeAll(async () => {
  upstream = await startUpstream();
  mandate = await startTestServer();
  for (const [who, roles] of Object.entries(people)) {
    expect((await mandate.request("POST", "/api/v1/people", { body: { email: email(who as Who), name: who, roles } })).status).toBe(201);
    by[who as Who] = new Somebody(mandate, email(who as Who));
  }
}, 60_000);
afterAll(async () => {
  await mandate?.close();
  await witness?.close();
  await upstream?.close();
});

/** Every way past the gates that anybody has. */
async function nobodyGetsRound(): Promise<void> {
  const promoted = await api("tom", "POST", "/systems/loan-screen/promote", { reason: "now" });
  expect([promoted.status, promoted.body.code]).toEqual([409, "gate.unmet"]);
  const admin = await mandate.request("POST", "/api/v1/systems/loan-screen/promote", { body: { reason: "as administrator" } });
  expect([admin.status, admin.body.code]).toEqual([409, "gate.unmet"]);
  const terminal = await runCli(mandate, ["system", "promote", "loan-screen", "--reason", "by terminal"]);
  expect([terminal.code, terminal.stderr]).toEqual([3, expect.stringContaining("gate")]);
  const stated = await mandate.request("POST", "/api/v1/apply", { body: parts("  lifecycle: production\n") });
  expect([stated.status, stated.body.code]).toEqual([422, "manifest.invalid"]);
  const record = await mandate.request("PUT", "/api/v1/authorizations/made-up", { body: { system: "loan-screen", type: "production", state: "granted" } });
  expect(record.status).toBeGreaterThanOrEqual(400);
  expect((await system()).lifecycle).not.toBe("production");
}

test("nothing is there: registered by its owner, without answers, it reaches nothing", async () => {
  for (const who of Object.keys(people) as Who[]) if (who !== "bea") await by[who].arrive();
  await applies("tom", parts());
  expect(await system()).toMatchObject({ lifecycle: "proposed", status: "refused", unanswered: expect.arrayContaining(["annex3"]) });
  key = (await api("tom", "POST", "/credentials", { system: "loan-screen", name: "pilot", ttl: "8h" })).body.key;
  expect(await ask(withKey())).toBe("403 not_authorized");
});

test("its answers make it T3; the pilot is an authorizing official's, by passkey, and nobody else's", async () => {
  await applies("tom", parts(`  ${intake}\n`));
  expect(await system()).toMatchObject({ tier: "T3", lifecycle: "proposed", unanswered: [] });
  const id = await question();
  for (const who of ["tom", "pieter", "dev"] as const) expect((await by[who].sign(id, "approve")).status, who).toBe(403);
  expect((await by.helena.answer(id, "approve")).status, "without her passkey").toBeGreaterThanOrEqual(400);
  const { body } = await mandate.request("POST", `/api/v1/people/${email("helena")}/tokens`, { body: { notAfter: new Date(Date.now() + 3_600_000).toISOString() } });
  expect((await mandate.request("POST", `/api/v1/approvals/${id}/approve`, { token: body.token, body: { reason: "by token" } })).status).toBeGreaterThanOrEqual(400);
  expect((await system()).lifecycle).toBe("proposed");
  expect((await by.helena.sign(id, "approve")).status).toBe(200);
  expect(await system()).toMatchObject({ lifecycle: "pilot", status: "operating" });
  expect(await ask(withKey())).toBe("Hello from the test upstream.");
});

test("each gate is fixed by who can fix it, and until the last one is, no interface leads to production", { timeout: 60_000 }, async () => {
  const open = ["OWN-01", "OVS-01", "GATE-05", "GATE-06", "RT-05", "OVS-03", "GATE-08", "RT-08", "RISK", "POLICY-TESTS", "ART-27", "LOG-05", "LOG-03"];
  expect((await unmet()).toSorted()).toEqual(open.toSorted());
  await nobodyGetsRound();
  const fixes: readonly [readonly string[], () => Promise<unknown>][] = [
    [["OWN-01"], () => by.bea.arrive()],
    [["LOG-03"], async () => {
      witness = await startOutsideWitness((method, path, body) => mandate.request(method, `/api/v1${path}`, body === undefined ? {} : { body }));
      await expect.poll(unmet, { timeout: 10_000 }).not.toContain("LOG-03");
    }],
    [["OVS-01"], () => applies("bea", document("notice", "notice", "You deal with a machine"))],
    [["GATE-05"], () => applies("tom", evaluation("accuracy"))],
    [["GATE-06"], () => applies("sam", evaluation("injection"))],
    [["RT-05", "POLICY-TESTS"], async () => {
      await applies("tom", policy);
      await applies("tom", parts(`  policies: [policy:loan-limit]\n  ${intake}\n`));
    }],
    [["OVS-03"], () => applies("bea", `${training("bea")}---\n${training("tom")}`)],
    [["GATE-08", "ART-27"], () => applies("pieter", document("fria", "fria", "Fundamental rights impact assessment"))],
    [["RT-08"], async () => {
      expect((await api("tom", "POST", "/systems/loan-screen/suspend", { reason: "stop drill" })).status).toBe(200);
      expect(await ask(withKey())).toBe("403 system_suspended");
      expect((await api("bea", "POST", "/systems/loan-screen/resume", { reason: "drill over" })).status).toBe(200);
    }],
    [["RISK", "LOG-05"], async () => {
      await applies("tom", risk);
      expect(await unmet()).toEqual(["RISK", "LOG-05"]);
      const accept = { reason: "Full capture at the gateway", ends: new Date(Date.now() + 60 * 86_400_000).toISOString() };
      expect((await api("tom", "POST", "/risks/loan-blind-vendor/accept", accept)).status, "its owner").toBe(403);
      const accepted = await api("bea", "POST", "/risks/loan-blind-vendor/accept", accept);
      expect(accepted.status, accepted.text).toBe(200);
    }],
  ];
  let left = await unmet();
  for (const [ids, fix] of fixes) {
    expect(left).toEqual(expect.arrayContaining([...ids]));
    await fix();
    left = left.filter((id) => !ids.includes(id));
    expect(await unmet(), `after ${ids.join(", ")}`).toEqual(left);
    if (left.length > 0) expect((await api("tom", "POST", "/systems/loan-screen/promote", { reason: "now?" })).body.code).toBe("gate.unmet");
  }
  expect(left).toEqual([]);
});

test("two distinct people sign with their passkeys, neither of them who asked, and it is in production", async () => {
  const promoted = await api("tom", "POST", "/systems/loan-screen/promote", { reason: "Half a year of loans" });
  expect(promoted.status, promoted.text).toBe(200);
  const id = await question();
  for (const who of ["tom", "bea", "sam"] as const) expect((await by[who].sign(id, "approve")).status, who).toBe(403);
  const lied = await by.helena.sign(id, "approve", {}, { challenge: "0".repeat(64) });
  expect(lied.status).toBeGreaterThanOrEqual(400);
  expect((await by.helena.sign(id, "approve")).status).toBe(200);
  expect((await by.helena.sign(id, "approve")).status, "she signs once").toBeGreaterThanOrEqual(400);
  expect((await system()).lifecycle).toBe("pilot");
  expect((await by.pieter.sign(id, "approve")).status).toBe(200);
  expect(await system()).toMatchObject({ lifecycle: "production", status: "operating", tier: "T3", authorization: { type: "production" } });
});

test("a gateway key doesn't call there any more; a client that proves its key does, through an unmodified library", async () => {
  expect(await ask(withKey())).toMatch(/^40[13] /);
  const keys = await generateKeyPair("ES256", { extractable: true });
  const jwk = await exportJWK(keys.publicKey);
  const made = await api("tom", "POST", "/credentials", { kind: "client", system: "loan-screen", name: "prod", ttl: "7d", jwk, dpop: true });
  expect(made.status, made.text).toBe(201);
  const now = (): number => Math.floor(mandate.now() / 1000);
  const proof = (url: string, more: Record<string, unknown> = {}) => new SignJWT({ htm: "POST", htu: url, jti: randomUUID(), iat: now(), ...more }).setProtectedHeader({ alg: "ES256", typ: "dpop+jwt", jwk }).sign(keys.privateKey);
  const issuer = "http://localhost:4600";
  const assertion = await new SignJWT({ iss: made.body.id, sub: made.body.id, aud: `${issuer}/oauth2/token`, jti: randomUUID(), iat: now(), exp: now() + 60 }).setProtectedHeader({ alg: "ES256" }).sign(keys.privateKey);
  const answer = await fetch(`${mandate.url}/oauth2/token`, {
    method: "POST",
    headers: { "content-type": "application/x-www-form-urlencoded", dpop: await proof(`${issuer}/oauth2/token`) },
    body: new URLSearchParams({ grant_type: "client_credentials", client_assertion_type: "urn:ietf:params:oauth:client-assertion-type:jwt-bearer", client_assertion: assertion }),
  });
  const { access_token: token } = (await answer.json()) as { access_token: string };
  const ath = createHash("sha256").update(token).digest("base64url");
  const proven: typeof fetch = async (input, init) => {
    const headers = new Headers(init?.headers);
    headers.set("authorization", `DPoP ${token}`);
    headers.set("dpop", await proof(String(input), { ath }));
    return fetch(input, { ...init, headers });
  };
  const client = new OpenAI({ baseURL: `${mandate.gatewayUrl}/v1`, apiKey: "unused", fetch: proven, maxRetries: 0 });
  expect(await ask(client)).toBe("Hello from the test upstream.");
  expect(await ask(new OpenAI({ baseURL: `${mandate.gatewayUrl}/v1`, apiKey: token, maxRetries: 0 })), "the token without its proof").toBe("401 credential_unknown");
  // What was authorized is what runs: another purpose stops the very next call.
  await applies("tom", parts(`  policies: [policy:loan-limit]\n  ${intake}\n`).replace("Proposes whether somebody gets a loan.", "Decides who gets a loan."));
  expect(await ask(client)).toBe("403 reassessment_required");
});
