import { execFileSync } from "node:child_process";
import { readFileSync } from "node:fs";
import { createRequire } from "node:module";
import { join } from "node:path";
import type { Browser, Page } from "playwright-core";
import { afterAll, afterEach, beforeAll, expect, test } from "vitest";
import { openBrowser } from "../../packages/console/dev/browser.ts";
import { chat, type Mandate, runCli, smallManifest, startMandate, startUpstream, type Upstream } from "./harness.ts";

const root = join(import.meta.dirname, "../..");
const axe = readFileSync(createRequire(join(root, "packages/console/package.json")).resolve("axe-core/axe.min.js"), "utf8");

let mandate: Mandate;
let upstream: Upstream;
let browser: Browser;
let page: Page;
let key: string;
let troubles: string[] = [];

async function accessible(): Promise<void> {
  await page.evaluate(axe);
  const found = await page.evaluate(`axe.run(document, { runOnly: ["wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "wcag22aa"] })
    .then((result) => result.violations.map((one) => location.pathname + " " + one.id + ": " + one.nodes.map((node) => node.target.join(" ")).join(", ")))`);
  expect(found).toEqual([]);
}

beforeAll(async () => {
  execFileSync("npm", ["run", "build", "-w", "@mandate/console"], { cwd: root, stdio: "ignore" });
  upstream = await startUpstream();
  mandate = await startMandate();
  for (const [email, role] of [["sam@halden.example", "security-reviewer"], ["lea@halden.example", "legal-reviewer"], ["gil@halden.example", "governance-lead"]] as const) {
    expect((await mandate.api("POST", "/people", { email, name: email.slice(0, 3), roles: [role] })).status).toBe(201);
  }
  expect((await mandate.apply(smallManifest(upstream.url))).status).toBe(200);
  key = (await mandate.credential("notes")).key;
  expect((await mandate.call("/v1/chat/completions", key, chat("hello"))).status).toBe(200);
  browser = await openBrowser();
  page = await (await browser.newContext({ viewport: { width: 1280, height: 900 }, permissions: ["clipboard-read", "clipboard-write"] })).newPage();
  page.setDefaultTimeout(10_000);
  page.on("console", (message) => {
    if (message.type() === "error" && !/40[0139]/.test(message.text())) troubles.push(`${page.url()}: ${message.text()}`);
  });
  page.on("pageerror", (error) => troubles.push(`${page.url()}: ${String(error)}`));
}, 180_000);

afterAll(async () => {
  await browser?.close();
  await mandate?.stop();
  await upstream?.close();
});

afterEach(() => {
  const seen = troubles;
  troubles = [];
  expect(seen, "console errors and page errors").toEqual([]);
});

async function signIn(email: string): Promise<void> {
  await page.context().clearCookies();
  const link = await mandate.api("POST", `/people/${email}/sign-in-links`, {});
  await page.goto(link.body.url);
  await page.getByRole("link", { name: "Go to the overview" }).click();
  await page.getByRole("heading", { name: "Overview" }).waitFor();
}

const dialog = () => page.getByRole("dialog");

test("from the system's page to an incident: it stops the system, its clock is confirmed and met, and it closes", async () => {
  await signIn("gil@halden.example");
  await page.goto(`${mandate.url.replace("127.0.0.1", "localhost")}/systems/notes`);
  await page.getByRole("link", { name: "Open an incident" }).click();
  await dialog().getByLabel("What happened").fill("Minutes sent to the wrong team");
  expect(await dialog().getByRole("textbox", { name: "Systems" }).inputValue()).toBe("notes");
  await dialog().getByLabel("Is the system placed on the Union market or put into service there").selectOption("no");
  await dialog().getByLabel("Was personal data lost, altered, disclosed or reached without right").selectOption("yes");
  await dialog().getByLabel("Is it unlikely to result in a risk to people's rights and freedoms").selectOption("no");
  await dialog().getByLabel("Stop these systems at once").check();
  await dialog().getByRole("button", { name: "Open an incident" }).click();
  await page.getByRole("heading", { name: "Minutes sent to the wrong team" }).waitFor();
  const refused = await mandate.call("/v1/chat/completions", key, chat("hello"));
  expect([refused.status, refused.body.error.code]).toEqual([403, "system_suspended"]);
  await page.getByText("Regulation (EU) 2016/679, Article 33(1)").waitFor();
  await accessible();

  await page.getByRole("button", { name: "It applies: Personal data breach" }).click();
  await dialog().getByLabel("Reason").fill("Names were in the minutes.");
  await dialog().getByRole("button", { name: "It applies" }).click();
  await page.getByText("Running", { exact: true }).waitFor();
  await page.getByRole("button", { name: "Record submission: Personal data breach" }).click();
  await dialog().getByLabel("Document or receipt").fill("DPA-2026-114");
  await dialog().getByRole("button", { name: "Record submission" }).click();
  await page.getByText("Submitted", { exact: true }).waitFor();

  await page.getByRole("button", { name: "Resume system notes" }).click();
  await dialog().getByLabel("Reason").fill("The recipient list is corrected.");
  await dialog().getByRole("button", { name: "Resume", exact: true }).click();
  await dialog().waitFor({ state: "detached" });
  expect((await mandate.call("/v1/chat/completions", key, chat("hello"))).status).toBe(200);

  await page.getByRole("button", { name: "Close the incident" }).click();
  await dialog().getByLabel("Cause and remedy").fill("A wrong list; it is corrected and tested.");
  await dialog().getByRole("button", { name: "Save" }).click();
  await page.getByText("Closed", { exact: true }).waitFor();
  await page.goto(`${mandate.url.replace("127.0.0.1", "localhost")}/incidents`);
  await page.getByRole("link", { name: "Minutes sent to the wrong team" }).waitFor();
  await accessible();
});

test("findings have an owner, a due date and a fix; dismissing wants a reason and an end", async () => {
  expect((await mandate.call("/v1/chat/completions", key, chat("hello", { made_up: 1 }))).status).toBe(200);
  const open = async () => (await mandate.api("GET", "/findings?state=open&kind=unlisted_field")).body.items;
  await expect.poll(async () => (await open()).length, { timeout: 20_000 }).toBe(1);
  await page.goto(`${mandate.url.replace("127.0.0.1", "localhost")}/findings`);
  await page.getByRole("heading", { name: "Fields that no field table lists" }).waitFor();
  await accessible();
  await page.getByRole("button", { name: /^Assign: Unlisted field/ }).click();
  await dialog().getByLabel("E-mail of the owner").fill("lea@halden.example");
  await dialog().getByRole("button", { name: "Save" }).click();
  await dialog().waitFor({ state: "detached" });
  expect(await open()).toMatchObject([{ owner: "lea@halden.example", overdue: false }]);
  const listed = await runCli(mandate, ["finding", "list", "--owner", "lea@halden.example"]);
  expect([listed.code, listed.stdout]).toEqual([0, expect.stringContaining("unlisted_field")]);
  await page.getByRole("button", { name: /^Dismiss: Unlisted field/ }).click();
  await dialog().getByLabel("Reason").fill("Looked at tomorrow.");
  await dialog().getByRole("button", { name: "Dismiss" }).click();
  await dialog().waitFor({ state: "detached" });
  await page.getByLabel("State").selectOption("dismissed");
  await page.getByText(/Dismissed by gil@halden.example: Looked at tomorrow/).waitFor();
});

test("a flow to another region is put to a legal reviewer from the page, and the kill switch says its effect first", async () => {
  const base = mandate.url.replace("127.0.0.1", "localhost");
  const lake = `apiVersion: v1\nkind: Destination\nmetadata: {name: lake-us}\nspec: {kind: internal, region: US, maxSensitivity: internal}\n`;
  expect((await mandate.apply(lake)).status).toBe(200);
  await page.goto(`${base}/legal-reviews`);
  await page.getByText("No flow was put to a legal reviewer.").waitFor();
  await accessible();
  await page.getByRole("button", { name: "Ask for a review" }).click();
  await dialog().getByRole("textbox", { name: "System" }).fill("notes");
  await dialog().getByRole("textbox", { name: "Target" }).fill("destination:lake-us");
  await dialog().getByRole("textbox", { name: "Data from" }).fill("EEA");
  await dialog().getByRole("textbox", { name: "Transfer basis" }).fill("Standard contractual clauses");
  await dialog().getByRole("textbox", { name: "Reason" }).fill("Backups lie there.");
  await dialog().getByRole("button", { name: "Ask for a review" }).click();
  await page.getByText("Asked", { exact: true }).waitFor();
  const { id } = (await mandate.api("GET", "/legal-reviews")).body.items[0];
  const lea = await mandate.personToken("lea@halden.example");
  const decided = await runCli(mandate, ["legal-review", "decide", id, "--allow", "--reason", "Clauses are signed.", "--token", lea]);
  expect([decided.code, decided.stderr]).toEqual([0, expect.stringContaining("Standard contractual clauses")]);
  await page.reload();
  await page.getByText("Allowed", { exact: true }).waitFor();
  await accessible();

  await page.goto(`${base}/incidents`);
  await page.getByRole("button", { name: "Kill switch" }).click();
  await dialog().getByLabel("What to stop").selectOption("model");
  await dialog().getByRole("textbox", { name: "Name" }).fill("gpt-test");
  await dialog().getByText(/calls an hour will be refused; running streams are cut. Systems: notes/).waitFor();
  await dialog().getByRole("textbox", { name: "Reason" }).fill("It harms people.");
  await dialog().getByRole("button", { name: "Stop now" }).click();
  await dialog().waitFor({ state: "detached" });
  const refused = await mandate.call("/v1/chat/completions", key, chat("hello"));
  expect([refused.status, refused.body.error.code]).toEqual([403, "policy"]);
});
