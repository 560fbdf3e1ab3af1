import { afterAll, beforeAll, expect, test } from "vitest";
import { payoutQuestions, payoutsManifest } from "../../packages/server/src/testing/payouts.ts";
import { type AtDesk, Office } from "./at-desk.ts";
import { type Mandate, startMandate } from "./harness.ts";

// A refusal is no dead end, and a right is no fate: both lead to a prepared change that a person submits, and others agree to.

const registered = `---
apiVersion: v1
kind: Tool
metadata: { name: payouts.list }
spec: { effect: reads, output: trusted }
`;
const manifest = payoutsManifest({ domain: "halden.example" }) + registered;

let mandate: Mandate;
let office: Office;
let lead: AtDesk;
let key = "";

async function ask(questions: readonly object[]): Promise<{ outcome: string; decision_id: string; url: string }[]> {
  const { body } = await mandate.call("/access/v1/evaluations", key, { evaluations: questions });
  return (body.evaluations as { context: { outcome: string; decision_id: string; url: string } }[]).map((one) => one.context);
}
const listing = { ...payoutQuestions([1])[0], resource: { type: "tool", id: "payouts.list" } };
const usesOf = async (): Promise<string[]> => (await mandate.api("GET", "/systems/payouts")).body.spec.uses.tools as string[];

beforeAll(async () => {
  mandate = await startMandate();
  expect((await mandate.apply(manifest)).status).toBe(200);
  const bea = await mandate.personToken("bea@halden.example");
  for (const one of (await mandate.api("GET", "/approvals?state=pending", undefined, bea)).body.items as { id: string }[]) expect((await mandate.api("POST", `/approvals/${one.id}/approve`, { reason: "A pilot." }, bea)).status).toBe(200);
  key = (await mandate.credential("payouts")).key;
  expect((await mandate.api("POST", "/people", { email: "grace@halden.example", name: "Grace", roles: ["governance-lead"] })).status).toBeLessThan(300);
  office = await Office.open(mandate);
  lead = await office.arrive("grace@halden.example");
}, 120_000);
afterAll(async () => {
  await office?.close();
  await mandate?.stop();
});

test("G1: from a refused call to the grant it lacks: prepared, tried, submitted, and still refused until somebody agrees", { timeout: 120_000 }, async () => {
  const [denied] = await ask([listing]);
  expect(denied!.outcome).toBe("deny");
  const { page } = lead;
  await lead.open(`/evidence/${denied!.decision_id}`);
  await lead.follow("Propose a change");
  const sheet = page.getByRole("dialog", { name: "Propose a change" });
  await sheet.getByText("Payouts may use the tool payouts.list").waitFor();
  await sheet.getByText("1 call that was stopped would have passed.").waitFor();
  await sheet.locator("ins", { hasText: "tool:payouts.list" }).first().waitFor();
  expect(await usesOf(), "opened is not applied").not.toContain("tool:payouts.list");
  await sheet.getByText(/the difference is denied|stops until somebody decides|No authorization is re-opened/).waitFor();
  await sheet.getByLabel("Reason").fill("The team reads the list each morning.");
  await lead.accessible();
  await sheet.getByRole("button", { name: "Submit for approval" }).click();
  await sheet.getByText(/^Submitted\./).waitFor();
  expect(await usesOf()).toContain("tool:payouts.list");
  expect((await ask([listing]))[0]!.outcome, "proposed is not allowed").toBe("deny");
  office.quiet();
});

test("from a held call to the rule that held it: at its line, with the term that it lacked; nothing is changed, and nothing of its content is repeated", { timeout: 120_000 }, async () => {
  const [held] = await ask(payoutQuestions([907]));
  expect(held!.outcome).toBe("hold");
  const { page } = lead;
  await lead.open(`/evidence/${held!.decision_id}`);
  await lead.follow("Propose a change");
  await page.getByText("It would have passed had this been true:").waitFor();
  await page.getByText("context.input.amount <= 80", { exact: true }).waitFor();
  expect(await page.locator("main").textContent()).not.toContain("907");
  expect(await page.getByRole("link", { name: "Open the entry" }).getAttribute("href")).toBe(`/evidence/${held!.decision_id}`);
  await lead.accessible();
  expect(JSON.stringify((await mandate.api("GET", "/policies/payout-limit")).body.spec)).toContain("<= 80");
  const put = await mandate.api("PUT", "/policies/payout-limit?reason=tried&dryRun=true", { spec: { rules: [{ id: "payout-limit", on: "tool:payouts.send", holdUnless: "context.input.amount <= 900", because: "More." }] } });
  expect(put.body.widening, put.text).toMatchObject({ state: "yes" });
  office.quiet();
});

test("on the reach map an edge is cut in thought: which calls would have stopped is said before anything is submitted", { timeout: 120_000 }, async () => {
  expect((await ask(payoutQuestions([10, 20]))).map((one) => one.outcome)).toEqual(["allow", "allow"]);
  const { page } = lead;
  await lead.open("/reach");
  await page.getByRole("link", { name: "What if payouts.send is cut from payouts?" }).first().click();
  const sheet = page.getByRole("dialog", { name: "Propose a change" });
  await sheet.getByText("Payouts may no longer use the tool payouts.send").waitFor();
  await sheet.getByText(/^\d+ calls? that (was|were) let through would have been stopped\.$/).waitFor();
  await sheet.getByRole("table").waitFor();
  await sheet.locator("del", { hasText: "tool:payouts.send" }).first().waitFor();
  expect((await ask(payoutQuestions([30])))[0]!.outcome, "thought is not cut").toBe("allow");
  await sheet.getByLabel("Reason").fill("Payouts go through the bank's own portal from now on.");
  await sheet.getByRole("button", { name: "Submit the change" }).click();
  await sheet.getByText(/^Submitted\./).waitFor();
  expect(await usesOf()).not.toContain("tool:payouts.send");
  await expect.poll(async () => (await ask(payoutQuestions([40])))[0]!.outcome, { timeout: 10_000 }).toBe("deny");
  for (const body of [{}, { grant: "tool:a", cut: "tool:b" }, { cut: "vendor:x" }]) expect((await mandate.api("POST", "/systems/payouts/reach/trial", body)).status).toBe(400);
  expect((await mandate.api("POST", "/systems/nobody/reach/trial", { cut: "tool:a" })).status).toBe(404);
  office.quiet();
});
