import { createServer } from "node:http";
import type { AddressInfo } from "node:net";
import { afterAll, afterEach, beforeAll, expect, test } from "vitest";
import { type AtDesk, Office } from "./at-desk.ts";
import { type Mandate, smallManifest, startMandate, startUpstream, type Upstream } from "./harness.ts";

let mandate: Mandate;
let upstream: Upstream;
let office: Office;
let ada: AtDesk;
let lead: AtDesk;
let official: AtDesk;

beforeAll(async () => {
  upstream = await startUpstream();
  mandate = await startMandate();
  office = await Office.open(mandate);
  const invite = async (email: string, ...roles: string[]) => expect((await mandate.api("POST", "/people", { email, name: email.split("@")[0], roles })).status).toBe(201);
  await invite("lea@halden.example", "governance-lead");
  await invite("helena@halden.example", "authorizing-official");
  await invite("tom@halden.example", "technical-owner");
  await invite("bea@halden.example", "business-owner");
  await invite("ada@halden.example", "administrator");
  const applied = await mandate.apply(smallManifest(upstream.url));
  expect(applied.status, applied.text).toBe(200);
  ada = await office.arrive("ada@halden.example", /400|409/);
  lead = await office.arrive("lea@halden.example");
  official = await office.arrive("helena@halden.example");
}, 180_000);

afterAll(async () => {
  await office?.close();
  await mandate?.stop();
  await upstream?.close();
});

afterEach(() => office.quiet());

async function approve(who: AtDesk, about: RegExp): Promise<void> {
  await who.open("/approvals");
  await who.page.getByRole("link", { name: about }).first().click();
  await who.fill("Reason", "Read and agreed");
  await who.press("Approve once");
  await who.page.getByText("Approved once", { exact: true }).first().waitFor();
}

test("a tier rule of one's own holds once a governance lead has signed, and not before", async () => {
  const tier = async (): Promise<string> => (await mandate.api("GET", "/systems/notes")).body.tier;
  expect(await tier()).toBe("T0");
  await ada.open("/settings?tab=rules");
  await ada.press("Add a rule");
  await ada.fill("Id", "O-NOTES");
  await ada.fill("In words", "Whatever touches internal data");
  await ada.page.getByLabel("Data at least", { exact: true }).selectOption("internal");
  await ada.page.getByLabel("Tier at least", { exact: true }).selectOption("T1");
  await ada.fill("Because of", "Works council agreement 7");
  await ada.page.getByRole("dialog").getByLabel("Reason").fill("Agreed with the works council");
  await ada.accessible();
  await ada.press("Ask for it");
  await ada.page.getByText(/Waits for a governance lead/).first().waitFor();
  expect(await tier()).toBe("T0");
  await approve(lead, /tier rule/i);
  await expect.poll(tier).toBe("T1");
  await ada.open("/settings?tab=rules");
  await ada.page.getByText("O-NOTES").first().waitFor();
});

test("private addresses are a list that refuses what is no address, and says so in place", async () => {
  await ada.open("/settings?tab=rules");
  await ada.press("Change");
  await ada.fill("One a line", "127.0.0.0/8\n::1/128\nnot an address");
  await ada.press("Save the list");
  await ada.page.getByRole("alert").first().waitFor();
  await ada.fill("One a line", "127.0.0.0/8\n::1/128\n10.2.0.0/16");
  await ada.press("Save the list");
  await ada.page.getByText("Saved. It holds at once.").waitFor();
  expect((await mandate.api("GET", "/settings/outbound")).body.allow).toContain("10.2.0.0/16");
});

test("a role for one system is given and taken on the person's sheet", async () => {
  await mandate.api("POST", "/people", { email: "sam@halden.example", name: "Sam", roles: ["developer"] });
  await ada.open("/settings");
  await ada.page.getByRole("button", { name: "Actions for sam@halden.example" }).click();
  await ada.page.getByRole("menuitem", { name: "Change" }).click();
  await ada.page.getByLabel("Role there", { exact: true }).selectOption("technical-owner");
  await ada.fill("Name of the unit or system", "notes");
  await ada.press("Add this role");
  await ada.accessible();
  await ada.press("Save");
  await ada.page.getByText("Waiting for an approver: Technical owner for notes").waitFor();
  expect(JSON.stringify((await mandate.api("GET", "/people/sam@halden.example")).body)).toContain("system:notes");
});

test("a break-glass plan is agreed by an official, started and confirmed by two named people, and closed", async () => {
  const tom = await office.arrive("tom@halden.example");
  const bea = await office.arrive("bea@halden.example");
  await tom.open("/settings?tab=emergency");
  await tom.press("Agree a plan");
  await tom.fill("Name", "night-shift");
  await tom.fill("Systems", "notes");
  await tom.fill("Rules it lifts", "untrusted-session");
  await tom.fill("Who may start it", "tom@halden.example, bea@halden.example");
  await tom.fill("What guards meanwhile", "Two people watch every call");
  await tom.fill("Plan ends on", new Date(Date.now() + 30 * 86_400_000).toISOString().slice(0, 10));
  await tom.fill("Why it is needed", "The on-call team must restore service at night");
  await tom.accessible();
  await tom.press("Ask for approval");
  await tom.page.getByText("Waits for an authorizing official").waitFor();
  await approve(official, /untrusted-session for notes/);
  await tom.open("/settings?tab=emergency");
  await tom.press("Start");
  await tom.page.getByRole("dialog").getByLabel("Reason").fill("Service is down");
  await tom.press("Start");
  await tom.page.getByText("Waits for the second person").waitFor();
  await bea.open("/settings?tab=emergency");
  await bea.press("Confirm");
  await bea.page.getByRole("dialog").getByLabel("Reason").fill("I see it too");
  await bea.press("Confirm");
  await bea.page.getByText("Open: rules are lifted").waitFor();
  await bea.press("Close now");
  await bea.page.getByRole("dialog").getByLabel("Reason").fill("Service is back");
  await bea.press("Close now");
  await bea.page.getByText("not reviewed", { exact: false }).first().waitFor();
  await lead.open("/settings?tab=emergency");
  await lead.press("Review this use");
  await lead.page.getByRole("dialog").getByLabel("Reason").fill("Right, and closed within minutes");
  await lead.press("Review this use");
  await lead.page.getByText(/Reviewed by/).first().waitFor();
});

test("a service account is made, its token is shown once and works, and ended it is refused", async () => {
  await ada.open("/settings");
  await ada.press("Make a service account");
  await ada.fill("Account name", "pipeline");
  await ada.page.getByLabel("Read the register, decisions and findings").check();
  await ada.press("Make it");
  await ada.page.getByRole("button", { name: "Actions for pipeline" }).click();
  await ada.page.getByRole("menuitem", { name: "Make a token" }).click();
  const token = await ada.page.locator("code.secret").innerText();
  const ask = () => fetch(`${mandate.url}/api/v1/systems`, { headers: { authorization: `Bearer ${token}` } });
  expect((await ask()).status).toBe(200);
  await ada.open("/settings");
  await ada.page.getByRole("button", { name: "Actions for pipeline" }).click();
  await ada.page.getByRole("menuitem", { name: "End" }).click();
  await ada.press("End");
  await ada.page.getByText("No service account.").waitFor();
  expect((await ask()).status).toBe(401);
});

test("a channel of notices is added with its secret shown once, tested, and removed", async () => {
  await ada.open("/settings?tab=notifications");
  await ada.press("Add channel");
  await ada.fill("Name", "pager");
  await ada.fill("Address", `${upstream.url}/hook`);
  await ada.press("Save");
  await ada.page.getByText("This is the only time it is shown", { exact: false }).waitFor();
  expect(await ada.page.locator("code.secret").innerText()).toMatch(/^whsec_/);
  await ada.accessible();
  await ada.press("I have stored it");
  await ada.press("Send a test pager");
  await ada.page.getByText(/pager: (?:not )?delivered/).waitFor();
  await ada.press("Remove pager");
  await ada.page.getByRole("dialog").getByRole("button", { name: "Remove" }).click();
  await ada.page.getByText("No channel yet", { exact: false }).waitFor();
});

test("what somebody owns is listed before it goes to another, and then goes", async () => {
  await mandate.api("POST", "/people", { email: "nora@halden.example", name: "Nora", roles: ["technical-owner"] });
  await lead.open("/settings");
  await lead.page.getByRole("button", { name: "Actions for tom@halden.example" }).click();
  await lead.page.getByRole("menuitem", { name: "Hand over" }).click();
  const dialog = lead.page.getByRole("dialog");
  await dialog.getByLabel("To", { exact: true }).selectOption("bea@halden.example");
  await dialog.getByText("a system needs two people", { exact: false }).waitFor();
  await dialog.getByLabel("To", { exact: true }).selectOption("nora@halden.example");
  await dialog.getByRole("list", { name: "Seats" }).getByText("notes, technical owner", { exact: true }).waitFor();
  await lead.accessible();
  await lead.fill("Reason", "Tom moves to another unit");
  await lead.press("Hand over");
  await lead.page.getByText("1 seat handed over.", { exact: true }).waitFor();
  expect((await mandate.api("GET", "/systems/notes")).body.owners.technical).toBe("nora@halden.example");
});

test("a key that lives elsewhere is in the inventory until somebody says it is gone", async () => {
  await mandate.api("POST", "/external-credentials", { items: [{ name: "billing export", location: "Azure portal", owner: "bea@halden.example", created: "2025-01-01" }] });
  await lead.open("/credentials");
  await lead.page.getByText("Azure portal", { exact: true }).waitFor();
  await lead.accessible();
  await lead.press("Gone billing export");
  await lead.fill("Reason", "Deleted at the provider");
  await lead.press("Gone");
  await lead.page.getByText("No key that lives elsewhere is listed.", { exact: true }).waitFor();
});

test("events go to a SIEM that an administrator named, and the page says whether they arrive", async () => {
  const events: string[] = [];
  const receiver = createServer((request, response) => {
    let body = "";
    request.setEncoding("utf8").on("data", (part: string) => (body += part)).on("end", () => {
      events.push(...body.trim().split("\n"));
      response.writeHead(200).end();
    });
  });
  await new Promise<void>((done) => receiver.listen(0, "127.0.0.1", done));
  try {
    await ada.open("/settings?tab=evidence");
    await ada.page.getByText("Self-attested: nobody outside vouches for this log yet.").waitFor();
    const panel = ada.page.locator("section.panel", { hasText: "Events to a SIEM" });
    await panel.getByRole("button", { name: "Add" }).click();
    await ada.fill("Name", "siem");
    await ada.fill("Address", `http://127.0.0.1:${(receiver.address() as AddressInfo).port}/events`);
    await ada.page.getByLabel("Begin").selectOption("start");
    await ada.page.getByRole("dialog").getByLabel("Reason").fill("The SOC asked for it");
    await ada.accessible();
    await ada.page.getByRole("dialog").getByRole("button", { name: "Add" }).click();
    await ada.page.getByText("Delivers").waitFor();
    await expect.poll(() => events.length, { timeout: 20_000 }).toBeGreaterThan(0);
    expect(JSON.parse(events[0]!)).toHaveProperty("class_uid");
    await ada.page.getByRole("button", { name: "Remove siem" }).click();
    await ada.page.getByRole("dialog").getByLabel("Reason").fill("Moved elsewhere");
    await ada.page.getByRole("dialog").getByRole("button", { name: "Remove" }).click();
    await ada.page.getByText("No event leaves.").waitFor();
    await lead.open("/settings?tab=evidence");
    await lead.page.getByText("Administrators change this.").first().waitFor();
    expect(await lead.page.getByRole("button", { name: "Set up" }).count()).toBe(0);
  } finally {
    receiver.closeAllConnections();
    receiver.close();
  }
});
