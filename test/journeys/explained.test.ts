import { afterAll, beforeAll, expect, test } from "vitest";
import { payoutQuestions, payoutsManifest } from "../../packages/server/src/testing/payouts.ts";
import { type AtDesk, Office } from "./at-desk.ts";
import { type Mandate, startMandate } from "./harness.ts";

// A call was stopped: who asks why is led from the call to the rule, and from a system to those it shares with.

const manifest = payoutsManifest({ domain: "halden.example" });
const other = manifest.slice(manifest.lastIndexOf("---")).replace("name: payouts", "name: refunds").replace("title: Payouts", "title: Refunds");

let mandate: Mandate;
let office: Office;
let lead: AtDesk;
let held = "";

beforeAll(async () => {
  mandate = await startMandate();
  expect((await mandate.apply(manifest + other)).status).toBe(200);
  const bea = await mandate.personToken("bea@halden.example");
  for (const one of (await mandate.api("GET", "/approvals?state=pending", undefined, bea)).body.items as { id: string }[]) expect((await mandate.api("POST", `/approvals/${one.id}/approve`, { reason: "A pilot." }, bea)).status).toBe(200);
  const { key } = await mandate.credential("payouts");
  const { body } = await mandate.call("/access/v1/evaluations", key, { evaluations: payoutQuestions([900]).map((one) => ({ ...one, context: { ...one.context, session: "payday" } })) });
  const [answer] = body.evaluations as { context: { outcome: string; decision_id: string } }[];
  expect(answer!.context.outcome).toBe("hold");
  held = answer!.context.decision_id;
  expect((await mandate.api("POST", "/people", { email: "grace@halden.example", name: "Grace", roles: ["governance-lead"] })).status).toBeLessThan(300);
  office = await Office.open(mandate);
  lead = await office.arrive("grace@halden.example");
}, 120_000);
afterAll(async () => {
  await office?.close();
  await mandate?.stop();
});

test("a stopped call shows every check in its order, what would make it pass, and the rule at its line", { timeout: 120_000 }, async () => {
  const { page } = lead;
  await lead.open(`/evidence/${held}`);
  await lead.press("Show what each rule said");
  const checks = page.getByRole("list", { name: "Every check, in its order" });
  await checks.waitFor();
  const said = await checks.getByRole("listitem").allInnerTexts();
  expect(said.map((one) => one.split("\n")[0])).toEqual(["Identity", "System’s state", "Credential", "Request", "Session labels", "Detectors", "Authorization", "Destination", "Rules", "Obligations", "Limits", "Evidence"]);
  expect(said.find((one) => one.startsWith("Rules"))).toContain("Held");
  expect(said.find((one) => one.startsWith("Limits"))).toContain("Did not run");
  await page.getByText("It passes with").waitFor();
  await page.getByText("context.input.amount <= 80", { exact: true }).waitFor();
  await lead.accessible();
  await lead.follow("Its line in policy payout-limit");
  await page.getByText(/Rule payout-limit stands at line \d+\./).waitFor();
  await page.locator(".cm-spot", { hasText: "payout-limit" }).waitFor();
  office.quiet();
});

test("through whom: what two systems share, drawn and told, each step with the authorization behind it", { timeout: 120_000 }, async () => {
  const { page } = lead;
  await lead.open("/systems/payouts");
  await lead.follow("Through whom");
  await page.getByText("It shares 1 thing with 1 other system.").waitFor();
  await page.getByRole("img", { name: "payouts and refunds share payouts.send" }).waitFor();
  const table = page.getByRole("table", { name: "Through whom: payouts" });
  await table.getByText(/pilot authorization \d/).first().waitFor();
  await lead.accessible();
  await table.getByRole("link", { name: "refunds" }).click();
  await page.getByText("Through whom: refunds").first().waitFor();
  const edges = (await mandate.api("GET", "/systems/payouts/reach/map")).body.edges as { from: string; to: string }[];
  expect(edges.map((edge) => `${edge.from} ${edge.to}`).toSorted()).toEqual(["system:payouts tool:payouts.send", "tool:payouts.send system:refunds"]);
  office.quiet();
});

test("what is read of people, audits and conversations is readable by everybody", { timeout: 120_000 }, async () => {
  const { body } = await mandate.api("GET", `/decisions/${held}`);
  expect(body.session).toMatch(/./);
  for (const path of ["/content", "/audits", `/sessions/${encodeURIComponent(body.session)}`]) {
    await lead.open(path);
    await lead.accessible();
  }
});
