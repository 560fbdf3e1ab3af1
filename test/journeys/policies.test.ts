import { afterAll, beforeAll, expect, test } from "vitest";
import { payoutQuestions, payoutsManifest } from "../../packages/server/src/testing/payouts.ts";
import { type AtDesk, Office } from "./at-desk.ts";
import { type Mandate, startMandate } from "./harness.ts";

// A limit is changed by the person who answers for it: wrong first, tried on what really happened, watched, then enforced.

const manifest = payoutsManifest({ domain: "halden.example", tests: ['{ name: large ones wait, call: "tool:payouts.send", input: { amount: 900 }, expect: hold }'] });

let mandate: Mandate;
let office: Office;
let lead: AtDesk;
let key = "";

async function pay(amounts: readonly number[]): Promise<string[]> {
  const { body } = await mandate.call("/access/v1/evaluations", key, { evaluations: payoutQuestions(amounts) });
  return (body.evaluations as { context: { outcome: string } }[]).map((one) => one.context.outcome);
}

beforeAll(async () => {
  mandate = await startMandate();
  expect((await mandate.apply(manifest)).status).toBe(200);
  const bea = await mandate.personToken("bea@halden.example");
  for (const one of (await mandate.api("GET", "/approvals?state=pending", undefined, bea)).body.items as { id: string }[]) expect((await mandate.api("POST", `/approvals/${one.id}/approve`, { reason: "A pilot." }, bea)).status).toBe(200);
  key = (await mandate.credential("payouts")).key;
  expect(await pay([10, 60, 70, 900])).toEqual(["allow", "allow", "allow", "hold"]);
  expect((await mandate.api("POST", "/people", { email: "grace@halden.example", name: "Grace", roles: ["governance-lead"] })).status).toBeLessThan(300);
  office = await Office.open(mandate);
  lead = await office.arrive("grace@halden.example");
}, 120_000);
afterAll(async () => {
  await office?.close();
  await mandate?.stop();
});

test("a wrong edit is marked where it stands; a right one is tried, watched, and enforced from the next call on", { timeout: 120_000 }, async () => {
  const { page } = lead;
  await lead.open("/policies");
  await lead.follow("payout-limit");
  const line = page.locator(".cm-line", { hasText: "holdUnless" });
  await line.click();
  await page.keyboard.press("End");
  for (let at = 0; at < "amount <= 80".length; at += 1) await page.keyboard.press("Backspace");
  await page.keyboard.type("amout <= 50", { delay: 10 });
  await page.getByText(/amout/).last().waitFor();
  await page.locator(".status-deny", { hasText: "payout-limit" }).waitFor();
  expect(await page.locator(".cm-lintRange-error, .cm-lint-marker-error").count(), "beside its line").toBeGreaterThan(0);
  expect(await page.getByRole("button", { name: "Save and enforce" }).isDisabled(), "what is wrong can't be enforced").toBe(true);

  for (let at = 0; at < "amout <= 50".length; at += 1) await page.keyboard.press("Backspace");
  await page.keyboard.type("amount <= 50", { delay: 10 });

  await page.getByText("1 of 1 tests pass").waitFor();
  await lead.press("Try it");
  await page.getByText("2 decisions would flip").first().waitFor();
  await page.getByText("0 to looser, 2 to stricter").waitFor();
  expect(await pay([60]), "tried is not enforced").toEqual(["allow"]);

  await lead.press("Watch");
  await page.getByLabel("Days, 14 at most").fill("3");
  await page.getByLabel("Reason").fill("Is 50 enough?");
  await lead.press("Watch");
  await page.getByText("none of 0 would have come out otherwise").waitFor();
  expect(await pay([60]), "watched is not enforced").toEqual(["allow"]);

  await lead.press("Save and enforce");
  await page.getByText(/binds 1 system at their next call|binds 1 system/).waitFor();
  await page.getByLabel("Reason").fill("The month showed that 50 is enough.");
  await lead.press("Save and enforce");
  await page.getByText("It is enforced from the next call on").waitFor();
  await expect.poll(() => pay([60]), { timeout: 5_000 }).toEqual(["hold"]);
  await page.getByText("Version 2").first().waitFor();
  await page.locator("del", { hasText: "80" }).waitFor();
  await page.locator("ins", { hasText: "50" }).first().waitFor();
  office.quiet();
});

test("a trial can be stopped and keeps what it found; what an invariant forbids can't be saved, and says why and what to do", { timeout: 120_000 }, async () => {
  expect((await mandate.api("PUT", "/policies/standing?reason=kept", { spec: { rules: [], invariants: [{ id: "large-wait", on: "tool:payouts.send", heldWhen: "context.input.amount > 500", of: "everybody", because: "Nobody pays that much alone." }] } })).body.code, "no rule yet keeps it").toBe("manifest.invalid");
  expect((await mandate.api("PUT", "/policies/standing?reason=kept", { spec: { rules: [{ id: "ceiling", on: "tool:payouts.send", holdUnless: "context.input.amount <= 500" }], invariants: [{ id: "large-wait", on: "tool:payouts.send", heldWhen: "context.input.amount > 500", of: "carriers", because: "Nobody pays that much alone." }] } })).status).toBeLessThan(300);
  const { page } = lead;
  await lead.open("/policies");
  await lead.follow("payout-limit");
  await page.getByText("1 of 1 tests pass").waitFor();
  // Of the seven days the newest is answered, the next never: until somebody stops it.
  let asked = 0;
  await page.route("**/policies/payout-limit/simulate", async (route) => {
    asked += 1;
    if (asked === 1) await route.continue();
  });
  await lead.press("Try it");
  await page.getByText("day 2 of 7").waitFor();
  await lead.press("Stop");
  await page.getByText("Stopped after 1 of 7 days.").waitFor();
  await page.getByText(/ decisions? would flip/).first().waitFor();
  await page.unroute("**/policies/payout-limit/simulate");

  await lead.open("/policies");
  await lead.follow("standing");
  await page.getByText("No tests written").waitFor();
  await page.locator(".cm-line", { hasText: "holdUnless" }).click();
  await page.keyboard.press("End");
  for (let at = 0; at < "500".length; at += 1) await page.keyboard.press("Backspace");
  await page.keyboard.type("900", { delay: 10 });
  await page.getByText("Compared with what is enforced").waitFor();
  await page.locator("ins", { hasText: "900" }).first().waitFor();
  await page.getByText("It can’t be saved: an invariant would not hold").waitFor({ timeout: 60_000 });
  await page.getByText("Add a rule that refuses or holds such calls").waitFor();
  expect(await page.getByRole("button", { name: "Save and enforce" }).isDisabled()).toBe(true);
  await lead.accessible();
  office.quiet();
});
