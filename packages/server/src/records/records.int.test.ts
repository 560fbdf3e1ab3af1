import { afterAll, beforeAll, expect, test } from "vitest";
import { startTestServer } from "../testing/running-server.ts";
import type { TestServer } from "../testing/running-server.ts";

let server: TestServer;
const tokens: Record<string, string> = {};

beforeAll(async () => {
  server = await startTestServer();
  const people = { owner: "business-owner", second: "governance-lead", official: "authorizing-official", dev: "developer" };
  for (const [name, role] of Object.entries(people)) {
    const email = `${name}@example.com`;
    await server.request("POST", "/api/v1/people", { body: { email, name, roles: [role] } });
    tokens[name] = (await server.request("POST", `/api/v1/people/${email}/tokens`, { body: { notAfter: new Date(server.now() + 3_600_000_000).toISOString() } })).body.token;
  }
  const applied = await server.request("POST", "/api/v1/apply", { body: manifest });
  expect(applied.text).toContain("Risk");
}, 60_000);
afterAll(() => server.close());

const manifest = `
apiVersion: v1
kind: AISystem
metadata: {name: support}
spec:
  owners: {business: owner@example.com, technical: dev@example.com}
  purposes: [{id: answer, text: Answer questions}]
---
apiVersion: v1
kind: Risk
metadata: {name: wrong-refunds}
spec: {title: Wrong refunds, systems: ["system:support"], owner: owner@example.com, likelihood: medium, impact: high, treatment: reduce, residual: medium}
---
apiVersion: v1
kind: Risk
metadata: {name: worst}
spec: {title: Harm, systems: ["system:support"], owner: owner@example.com, likelihood: low, impact: high, treatment: accept, residual: high}
---
apiVersion: v1
kind: Evaluation
metadata: {name: accuracy}
spec: {title: Answers are right, system: "system:support", owner: dev@example.com, metric: accuracy, threshold: {direction: at-least, value: 0.9}, every: 30d}
`;

const ends = (days: number): string => new Date(server.now() + days * 86_400_000).toISOString();
const accept = (risk: string, who: string | null, body: unknown) => server.request("POST", `/api/v1/risks/${risk}/accept`, { ...(who === null ? {} : { token: tokens[who]! }), body });
const open = async (kind: string): Promise<string[]> => (await server.request("GET", "/api/v1/findings?state=open&limit=200")).body.items.filter((one: { cause: string }) => one.cause === kind).map((one: { title: string }) => one.title);

test("a risk is accepted by another person with the role for what is left, with an end, by nobody else", async () => {
  const body = { reason: "Sums are small.", ends: ends(30) };
  expect((await accept("wrong-refunds", null, body)).body).toMatchObject({ code: "records.not_a_person" });
  expect((await accept("wrong-refunds", "dev", body)).body).toMatchObject({ code: "records.wrong_role" });
  expect((await accept("wrong-refunds", "owner", body)).body).toMatchObject({ code: "records.own_risk" });
  expect((await accept("worst", "second", body)).body).toMatchObject({ code: "records.wrong_role" });
  expect((await accept("wrong-refunds", "second", { ...body, ends: ends(-1) })).body).toMatchObject({ code: "records.acceptance_end" });
  expect((await accept("wrong-refunds", "second", { ...body, ends: ends(400) })).body).toMatchObject({ code: "records.acceptance_end" });
  expect((await accept("no-such", "second", body)).status).toBe(404);
  expect((await accept("wrong-refunds", "second", body)).body).toMatchObject({ by: "second@example.com", role: "governance-lead", state: "in-force" });
  expect((await accept("worst", "official", body)).status).toBe(200);
});

test("an acceptance is of the words that were read: a changed risk is not accepted, and a finding says so until it is", async () => {
  await server.server.jobs.runAll();
  expect(await open("risk.not_accepted")).toEqual([]);
  await server.request("PUT", "/api/v1/risks/wrong-refunds", { body: { spec: { title: "Wrong refunds", systems: ["system:support"], owner: "owner@example.com", likelihood: "high", impact: "high", treatment: "reduce", residual: "medium" } } });
  const list = await server.request("GET", "/api/v1/risk-acceptances");
  expect(list.body.items.find((one: { risk: string }) => one.risk === "wrong-refunds")).toMatchObject({ state: "changed" });
  await server.server.jobs.runAll();
  expect(await open("risk.not_accepted")).toHaveLength(1);
  expect((await accept("wrong-refunds", "official", { reason: "Again.", ends: ends(1) })).status).toBe(200);
  await server.server.jobs.runAll();
  expect(await open("risk.not_accepted")).toEqual([]);
  const withdrawn = await server.request("POST", "/api/v1/risks/wrong-refunds/withdraw", { token: tokens["second"]!, body: { reason: "No longer." } });
  expect(withdrawn.body).toMatchObject({ state: "withdrawn" });
  await server.server.jobs.runAll();
  expect(await open("risk.not_accepted")).toHaveLength(1);
});

test("scores come in order, none from the future, and an old one counts as none", async () => {
  await server.server.jobs.runAll();
  expect(await open("evaluation.missing")).toHaveLength(1);
  const score = (body: unknown) => server.request("POST", "/api/v1/evaluations/accuracy/score", { body });
  expect((await score({ score: 0.95, measured: ends(1) })).body).toMatchObject({ code: "records.measured_later" });
  expect((await score({ score: 0.95 })).status).toBe(200);
  expect((await score({ score: 0.2, measured: ends(-5) })).body).toMatchObject({ code: "records.measured_earlier" });
  await server.server.jobs.runAll();
  expect(await open("evaluation.missing")).toEqual([]);
  expect((await score({ score: 0.5 })).status).toBe(200);
  await server.server.jobs.runAll();
  expect(await open("evaluation.below")).toHaveLength(1);
  server.advance(31 * 86_400_000);
  await server.server.jobs.runAll();
  expect([await open("evaluation.below"), await open("evaluation.missing")].map((one) => one.length)).toEqual([0, 1]);
});

test("records are part of no version: writing a risk down voids no authorization", async () => {
  const before = (await server.request("GET", "/api/v1/systems/support")).body.versionDigest;
  await server.request("PUT", "/api/v1/risks/another", { body: { spec: { title: "Another", systems: ["system:support"], owner: "dev@example.com", likelihood: "low", impact: "low", treatment: "accept", residual: "low" } } });
  expect((await server.request("GET", "/api/v1/systems/support")).body.versionDigest).toBe(before);
});

test("nonsense is refused with a place and a remedy", async () => {
  const refused = await server.request("PUT", "/api/v1/outcome-reviews/r1", { body: { spec: { system: "system:support", reviewer: "dev@example.com", from: "2026-01-01", until: "2026-02-01", population: 10, sampled: 5, adverse: 6, tolerated: 0.1 } } });
  expect(refused.status).toBe(422);
  expect(refused.text).toContain("adverse");
  const nowhere = await server.request("PUT", "/api/v1/risks/lost", { body: { spec: { title: "Lost", systems: ["system:suport"], owner: "dev@example.com", likelihood: "low", impact: "low", treatment: "accept", residual: "low" } } });
  expect(nowhere.text).toContain("Did you mean `support`?");
});
