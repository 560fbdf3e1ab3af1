import { execFileSync } from "node:child_process";
import { afterAll, afterEach, beforeAll, expect, test } from "vitest";
import type { Page } from "playwright-core";
import { gateRecords } from "../../packages/server/src/gates/testing.ts";
import { type AtDesk, Office } from "./at-desk.ts";
import { type Mandate, runCli, startMandate, startUpstream, type Upstream } from "./harness.ts";
import { startOutsideWitness } from "./outside-witness.ts";

let mandate: Mandate;
let upstream: Upstream;
let office: Office;
let key: string;
let witness: { close(): Promise<void> } | undefined;
const owners = ["bea@halden.example", "tom@halden.example"] as const;

/** T3: it pays by itself and can't take it back. */
const manifest = (endpoint: string) => `apiVersion: v1
kind: Group
metadata: { name: leads }
spec: { members: [lea@halden.example] }
---
apiVersion: v1
kind: AISystem
metadata: { name: payouts }
spec:
  title: Payouts
  purposes: [{ id: pay, text: Pays customers back. }]
  owners: { business: ${owners[0]}, technical: ${owners[1]} }
  audience: internal
  autonomy: acts
  intake: { prohibited: [], annex3: [], annex1: false, profiling: false, decisionEffect: none, reversibility: none, vulnerable: false, publicBody: false, euNexus: true }
  boundary: { sensitivity: internal, regions: [EEA], training: never }
  session: { user: token, issuers: [], claims: [], userChannel: clean }
  uses: { models: [model:gpt-test], tools: [tool:payouts.send] }
  policies: [policy:payout-limit]
---
apiVersion: v1
kind: Model
metadata: { name: gpt-test }
spec: { host: self, protocol: openai, endpoint: "${endpoint}/v1", served: [gpt-test], region: EEA, training: never, retention: 0d, maxSensitivity: internal }
---
apiVersion: v1
kind: Tool
metadata: { name: payouts.send }
spec: { effect: pays, reversible: false, critical: [{ arg: order, type: id }] }
---
apiVersion: v1
kind: Policy
metadata: { name: payout-limit }
spec:
  rules:
    - { id: payout-limit, on: "tool:payouts.send", holdUnless: context.input.amount <= 80, approvers: { group: leads, count: 1, within: 30m }, because: Payouts above 80 need a person., remedies: [{ text: Pay out less. }] }
  tests:
    - { name: large, call: "tool:payouts.send", input: { order: A1, amount: 100 }, expect: hold }
`;

async function addCondition(page: Page): Promise<void> {
  // The summary, not the fact of the same name that stands on the page before it has loaded.
  await page.locator("summary", { hasText: "Conditions" }).click();
  await page.getByLabel("At most", { exact: true }).fill("50");
  await page.getByLabel("From", { exact: true }).fill(new Date(Date.now() + 60 * 86_400_000).toISOString().slice(0, 10));
  await page.getByRole("button", { name: "Add condition" }).click();
  await page.getByText(/Open findings: 50, from/).waitFor();
}

const started = new Map<string, number>();
function measure(flow: string, people: readonly AtDesk[]): () => { interactions: number; seconds: number } {
  const before = people.map((one) => one.done);
  started.set(flow, performance.now());
  return () => ({ interactions: people.reduce((sum, one, index) => sum + one.done - before[index]!, 0), seconds: Math.round((performance.now() - started.get(flow)!) / 100) / 10 });
}

function evaluate(amount: number): { decision: boolean; context: { outcome: string; code: string; reason: string; rule?: string } } {
  const body = JSON.stringify({ subject: { type: "system", id: "payouts" }, action: { name: "tool.call" }, resource: { type: "tool", id: "payouts.send" }, context: { input: { order: "A1", amount }, messages: [{ role: "user", content: "Pay order A1 back please" }] } });
  return JSON.parse(execFileSync("curl", ["-s", `${mandate.gateway}/access/v1/evaluation`, "-H", `authorization: Bearer ${key}`, "-H", "content-type: application/json", "-d", body], { encoding: "utf8" }));
}

let bea: AtDesk;
let official: AtDesk;
let legal: AtDesk;

beforeAll(async () => {
  upstream = await startUpstream();
  mandate = await startMandate();
  office = await Office.open(mandate);
  const invite = async (email: string, ...roles: string[]) => expect((await mandate.api("POST", "/people", { email, name: email.split("@")[0], roles })).status).toBe(201);
  await invite("helena@halden.example", "authorizing-official");
  await invite("pieter@halden.example", "legal-reviewer");
  await invite(owners[0], "business-owner");
  official = await office.arrive("helena@halden.example");
  legal = await office.arrive("pieter@halden.example");
  bea = await office.arrive(owners[0]);
  const applied = await mandate.apply(manifest(upstream.url));
  expect(applied.status, applied.text).toBe(200);
  const { body } = await mandate.api("GET", "/approvals?state=pending&system=payouts");
  await official.open(`/approve/${String(body.items[0].id)}`);
  await official.page.getByLabel("Reason").fill("Pilot with small payouts");
  await official.page.getByRole("button", { name: "Approve once" }).click();
  await official.page.getByText("Approved once", { exact: true }).first().waitFor();
  key = (await mandate.credential("payouts")).key;
  // Who answers for it in production has been here, and somebody outside vouches for the log.
  expect((await mandate.api("GET", "/systems", undefined, await mandate.personToken(owners[1]))).status).toBe(200);
  witness = await startOutsideWitness(mandate.api);
}, 120_000);

afterAll(async () => {
  await office?.close();
  await mandate?.stop();
  await witness?.close();
  await upstream?.close();
});

afterEach(() => office.quiet());

test("a T3 system without its gates is refused by page, API and CLI, each naming what lacks", async () => {
  await bea.open("/systems/payouts");
  await bea.follow("Promote");
  await bea.page.getByText(/gates aren't met/).waitFor();
  expect(await bea.page.getByRole("button", { name: "Ask for production" }).count()).toBe(0);
  await bea.page.getByText("Bea can fix it.", { exact: false }).first().waitFor();
  await bea.accessible();
  const answer = await mandate.api("POST", "/systems/payouts/promote", { reason: "skip the page" });
  expect([answer.status, answer.body.code]).toEqual([409, "gate.unmet"]);
  const terminal = await runCli(mandate, ["system", "promote", "payouts", "--reason", "skip the page"]);
  expect([terminal.code, terminal.stderr]).toEqual([3, expect.stringContaining("GATE-08")]);
  expect((await runCli(mandate, ["system", "gates", "payouts"])).code).toBe(3);
});

test("flow 5: an exception with an end, asked for from the gate it is about, granted by two others, waives that gate", async () => {
  expect((await mandate.apply(gateRecords("payouts", owners))).status).toBe(200);
  for (const verb of ["suspend", "resume"]) await mandate.api("POST", `/systems/payouts/${verb}`, { reason: "stop drill" });
  expect((await mandate.api("DELETE", "/evaluations/payouts-injection", { reason: "not run yet" })).status).toBeLessThan(300);
  const flow = measure("5", [bea, official, legal]);
  await bea.open("/systems/payouts/promotion");
  await bea.press("Ask for an exception: Adversarial tests ran and passed");
  expect(await bea.page.getByLabel("Which one, by id").inputValue()).toBe("GATE-06");
  await bea.fill("What is done instead", "Each payout is read by a lead");
  await bea.fill("Reason", "The test run is planned for next week");
  await bea.press("Ask for an exception");
  await bea.page.getByRole("dialog").waitFor({ state: "detached" });
  const [one] = (await mandate.api("GET", "/exceptions?system=payouts")).body.items;
  expect(one).toMatchObject({ state: "asked", scope: { kind: "gate", id: "GATE-06" }, requester: owners[0] });
  for (const who of [legal, official]) {
    await who.open(`/approve/${String(one.approval)}`);
    await who.fill("Reason", "Until the test ran");
    await who.press("Approve once");
    await who.page.getByText(who === official ? "Approved once" : "Waiting for a person", { exact: true }).first().waitFor();
    await who.page.waitForTimeout(300);
  }
  const measured = flow();
  console.log(`flow 5: ${measured.interactions} interactions of three people, ${measured.seconds} s`);
  expect(measured.interactions).toBeLessThanOrEqual(12);
  expect((await mandate.api("GET", "/exceptions?state=in_force")).body.items).toHaveLength(1);
  await bea.open("/systems/payouts/promotion");
  await bea.page.getByText("Waived by", { exact: false }).waitFor();
  await bea.open("/exceptions");
  await bea.page.getByText("In force").waitFor();
  await bea.accessible();
});

test("an exception to a rule lifts it at the call within a second, and ended binds within a second", async () => {
  expect(evaluate(100).context.outcome).toBe("hold");
  const asked = await mandate.api("POST", "/exceptions", { system: "payouts", scope: { kind: "rule", id: "payout-limit" }, reason: "Recall of a batch", compensating: "Each payout is called back", ends: new Date(Date.now() + 86_400_000).toISOString() });
  expect(asked.status, asked.text).toBe(201);
  for (const who of [legal, official]) {
    await who.open(`/approve/${String(asked.body.approval)}`);
    await who.fill("Reason", "For the recall");
    await who.press("Approve once");
    await who.page.getByText(who === official ? "Approved once" : "Waiting for a person", { exact: true }).first().waitFor();
    await who.page.waitForTimeout(300);
  }
  const lifted = evaluate(100);
  expect([lifted.decision, lifted.context.reason]).toEqual([true, expect.stringContaining(`Exception ${String(asked.body.id)} lifted payout-limit.`)]);
  expect((await mandate.api("POST", `/exceptions/${String(asked.body.id)}/end`, { reason: "The recall is over" })).status).toBe(200);
  expect(evaluate(100).context.outcome).toBe("hold");
  const listed = await runCli(mandate, ["exception", "list", "-o", "json"]);
  expect(JSON.parse(listed.stdout).items).toEqual(expect.arrayContaining([expect.objectContaining({ id: asked.body.id, state: "ended" })]));
});

test("flow 3: from the pilot to production, asked and signed on the promotion page, with an end", async () => {
  // Who answers for a T3 system has been here once.
  await mandate.api("GET", "/systems/payouts", undefined, await mandate.personToken("tom@halden.example"));
  const flow = measure("3", [bea, official, legal]);
  await bea.open("/systems/payouts");
  await bea.follow("Promote");
  await bea.press("Replay last week");
  await bea.page.getByText(/^Replayable \d+ of \d+\./).waitFor();
  await bea.press("Ask for production");
  await bea.fill("Reason", "The pilot met its goals");
  await bea.press("Ask for production");
  await bea.page.getByText("It waits for its approvers.").waitFor();
  for (const [who, reason] of [[legal, "Lawful basis checked"], [official, "Oversight is in place"]] as const) {
    await who.open("/systems/payouts/promotion");
    await who.page.getByRole("heading", { name: "Your answer" }).waitFor();
    // The first asks for something beside the yes; both passkeys sign over it.
    if (who === legal) await addCondition(who.page);
    await who.fill("Reason", reason);
    await who.press("Approve once");
    await who.page.getByText(who === official ? /It runs in production/ : /signed/).first().waitFor();
  }
  const measured = flow();
  console.log(`flow 3: ${measured.interactions} interactions of three people, ${measured.seconds} s`);
  expect(measured.interactions).toBeLessThanOrEqual(12);
  expect((await mandate.api("GET", "/systems/payouts")).body).toMatchObject({ lifecycle: "production", authorization: { type: "production", state: "granted_with_conditions", ends: expect.any(String) } });
  await official.accessible();
});
