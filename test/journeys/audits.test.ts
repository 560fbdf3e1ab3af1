import { readFileSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { verifyPack, ZipReader } from "@mandate/ledger";
import { afterAll, afterEach, beforeAll, expect, test } from "vitest";
import { type AtDesk, Office } from "./at-desk.ts";
import { chat, type Mandate, smallManifest, startMandate, startUpstream, type Upstream } from "./harness.ts";

let mandate: Mandate;
let upstream: Upstream;
let office: Office;
let lead: AtDesk;
let auditor: AtDesk;
let room: string;
const folder = mkdtempSync(join(tmpdir(), "mandate-audits-"));

beforeAll(async () => {
  upstream = await startUpstream();
  mandate = await startMandate();
  office = await Office.open(mandate);
  const invite = async (email: string, ...roles: string[]) => expect((await mandate.api("POST", "/people", { email, name: email.split("@")[0], roles })).status).toBe(201);
  await invite("lea@halden.example", "governance-lead");
  await invite("tom@halden.example", "technical-owner");
  await invite("bea@halden.example", "business-owner");
  await invite("vera@auditors.example", "auditor");
  const applied = await mandate.apply(smallManifest(upstream.url));
  expect(applied.status, applied.text).toBe(200);
  const { key } = await mandate.credential("notes");
  for (let call = 0; call < 6; call++) {
    const answer = await mandate.call("/v1/chat/completions", key, chat(`note ${call}`));
    expect(answer.status, answer.text).toBe(200);
  }
  lead = await office.arrive("lea@halden.example");
  auditor = await office.arrive("vera@auditors.example");
}, 180_000);

afterAll(async () => {
  rmSync(folder, { recursive: true, force: true });
  await office?.close();
  await mandate?.stop();
  await upstream?.close();
});

afterEach(() => office.quiet());

async function saved(who: AtDesk, press: () => Promise<void>, name: string): Promise<string> {
  const download = who.page.waitForEvent("download", { timeout: 60_000 });
  await press();
  const path = join(folder, name);
  await (await download).saveAs(path);
  return path;
}

test("an audit is opened for somebody from outside, with an end", async () => {
  await lead.open("/audits");
  await lead.page.getByText(/No audit was opened/).waitFor();
  await lead.accessible();
  await lead.press("Open an audit");
  await lead.fill("Title", "Year 2026");
  await lead.fill("Auditors", "vera@auditors.example");
  await lead.page.getByRole("dialog").getByRole("button", { name: "Open an audit" }).click();
  await lead.page.getByRole("heading", { level: 1, name: "Year 2026" }).waitFor();
  room = new URL(lead.page.url()).pathname;
});

test("the auditor fixes the population, draws with a value of their own, and reads a member with its proof", async () => {
  await auditor.open(room);
  await auditor.press("Fix the population");
  await auditor.page.getByText("6 decisions", { exact: true }).first().waitFor();
  await auditor.fill("Your value", "dice 4 1 6 6 2");
  await auditor.fill("Members", "3");
  await auditor.press("Draw the sample");
  await auditor.page.getByText(/Drawn with “dice 4 1 6 6 2”/).waitFor();
  await auditor.accessible();
  await auditor.page.getByRole("link", { name: /^1 dec_/ }).click();
  await auditor.page.getByText(/Recomputed in this browser/).waitFor();
  await auditor.press("Open with a reason");
  await auditor.fill("Reason", "what was asked");
  await auditor.page.getByRole("dialog").getByRole("button", { name: "Open with a reason" }).click();
  await auditor.page.locator("pre").first().waitFor();
  await auditor.press("Ask");
  await auditor.fill("Your question", "Who agreed to this?");
  await auditor.page.getByRole("dialog").getByRole("button", { name: "Ask" }).click();
  await auditor.page.getByText("Who agreed to this?").waitFor();
  await auditor.accessible();
});

test("those who answer for the system answer; what the auditor read is listed", async () => {
  await lead.open(room);
  await lead.page.getByRole("button", { name: /^Answer/ }).click();
  await lead.fill("Your answer", "Nobody had to.");
  await lead.page.getByRole("dialog").getByRole("button", { name: "Answer" }).click();
  await lead.page.getByText("Nobody had to. (lea@halden.example").waitFor();
  await lead.page.getByText(/content of sample 1, member 1: what was asked/).waitFor();
  expect(await lead.page.getByRole("button", { name: "Draw the sample" }).count()).toBe(0);
});

test("the audit's pack draws the same sample again, offline", async () => {
  const path = await saved(auditor, async () => {
    await auditor.open(room);
    await auditor.press("Download the pack");
  }, "audit.zip");
  const result = await verifyPack(readFileSync(path));
  expect(result.problems).toEqual([]);
  expect(result.samples).toMatchObject([{ draw: 1, population: 6, members: 3, complete: true }]);
});

test("flow 9: an evidence pack is chosen, previewed and made, and verifies; one changed byte does not", async () => {
  await lead.open("/evidence");
  await lead.press("Make evidence pack");
  await lead.page.getByRole("checkbox", { name: "Meeting notes" }).check();
  await lead.page.getByLabel("Framework", { exact: true }).selectOption("eu-ai-act");
  await lead.press("Next");
  await lead.page.getByText("Content stays sealed", { exact: false }).waitFor();
  await lead.accessible();
  const path = await saved(lead, () => lead.press("Make the pack"), "pack.zip");
  await lead.page.getByText(/The pack is made/).waitFor();
  const bytes = readFileSync(path);
  expect((await verifyPack(bytes)).problems).toEqual([]);
  const zip = new ZipReader(bytes);
  const section = JSON.parse(Buffer.from(zip.read("sections/E01.json")!).toString("utf8"));
  expect(section.items.find((one: { item: string }) => one.item === "framework versions used").data.rows).toMatchObject([{ key: "eu-ai-act" }]);
  expect(Buffer.from(zip.read("summary.pdf")!).toString("latin1")).toContain("/Marked true");
  bytes[bytes.length >> 1]! ^= 1;
  writeFileSync(path, bytes);
  expect((await verifyPack(readFileSync(path))).ok).toBe(false);
});

test("flow 10: a sceptic recomputes an entry in the browser, and sees a changed byte fail", async () => {
  await auditor.open("/check");
  await auditor.page.getByText(/Recomputed in this browser/).waitFor();
  await auditor.page.getByText(/one byte/i).first().waitFor();
  expect(await auditor.page.locator(".status.deny, .status-deny").count()).toBe(0);
});
