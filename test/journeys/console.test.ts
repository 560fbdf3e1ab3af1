import { execFileSync } from "node:child_process";
import { existsSync, readFileSync } from "node:fs";
import { createRequire } from "node:module";
import { join } from "node:path";
import { afterAll, afterEach, beforeAll, expect, test } from "vitest";
import type { Browser, BrowserContext, Page } from "playwright-core";
import { openBrowser } from "../../packages/console/dev/browser.ts";
import { type Mandate, startMandate } from "./harness.ts";

const root = join(import.meta.dirname, "../..");
const axe = readFileSync(createRequire(join(root, "packages/console/package.json")).resolve("axe-core/axe.min.js"), "utf8");

let mandate: Mandate;
let browser: Browser;
let context: BrowserContext;
let page: Page;
let base: string;
let link: string;
let troubles: string[] = [];

beforeAll(async () => {
  // The server lists the built console when it starts, so the build comes first.
  if (!existsSync(join(root, "packages/console/dist/index.html"))) {
    execFileSync("npm", ["run", "build", "-w", "@mandate/console"], { cwd: root, stdio: "ignore" });
  }
  mandate = await startMandate({ mode: "up", sample: true });
  base = mandate.url.replace("127.0.0.1", "localhost");
  for (let waited = 0; !mandate.output().includes("# denied") && waited < 300; waited++) await new Promise((done) => setTimeout(done, 100));
  link = /http:\S+\/sign-in#link=\S+/.exec(mandate.output())?.[0] ?? "";
  expect(link, mandate.output()).not.toBe("");
  browser = await openBrowser();
  context = await browser.newContext({ viewport: { width: 1440, height: 900 } });
  page = await context.newPage();
  page.setDefaultTimeout(10_000);
  page.on("console", (message) => {
    if (message.type() === "error") troubles.push(`${page.url()}: ${message.text()}`);
  });
  page.on("pageerror", (error) => troubles.push(`${page.url()}: ${String(error)}`));
  page.on("request", (request) => {
    if (!request.url().startsWith(base) && !/^(?:blob|data):/.test(request.url())) troubles.push(`left the origin: ${request.url()}`);
  });
}, 120_000);

afterAll(async () => {
  await browser?.close();
  await mandate?.stop();
});

afterEach(() => {
  const seen = troubles;
  troubles = [];
  expect(seen, "console errors, page errors and requests to elsewhere").toEqual([]);
});

async function open(path: string): Promise<void> {
  await page.goto(base + path, { waitUntil: "domcontentloaded" });
  await page.locator("h1").first().waitFor();
  await page.locator(".skeleton").first().waitFor({ state: "detached" });
}

async function accessible(): Promise<void> {
  await page.evaluate(axe);
  // As text: it runs in the page, whose types this side doesn't have.
  const found = await page.evaluate(`axe.run(document, { runOnly: ["wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "wcag22aa"] })
    .then((result) => result.violations.map((one) => location.pathname + " " + one.id + ": " + one.nodes.map((node) => node.target.join(" ")).join(", ")))`);
  expect(found).toEqual([]);
}

/** The printed `# held` line, run as a person would paste it; `ticket` repeats it with its approval. */
function curl(name: "allowed" | "held" | "denied", ticket?: string): { error?: { code: string; approval: { id: string } }; choices?: unknown[] } {
  const line = new RegExp(`# ${name}[^\\n]*\\n(curl [^\\n]+)|(curl [^\\n]+)# ${name}`).exec(mandate.output());
  const command = line?.[1] ?? line?.[2] ?? "";
  expect(command, mandate.output()).not.toBe("");
  return JSON.parse(execFileSync("sh", ["-c", command + (ticket === undefined ? "" : ` -H 'x-mandate-approval: ${ticket}'`)], { encoding: "utf8" }));
}

const sign = async (reason: string, button: string): Promise<void> => {
  const dialog = page.getByRole("dialog");
  await dialog.getByLabel("Reason").fill(reason);
  await dialog.getByRole("button", { name: button }).click();
  await dialog.waitFor({ state: "detached" });
};

test("the sign-in page asks nothing that is refused, and names the true command", async () => {
  await open("/sign-in");
  await page.getByRole("button", { name: "Sign in with a passkey" }).waitFor();
  await page.getByText("npx mandate person sign-in-link EMAIL").waitFor();
  await accessible();
});

test("a sign-in link signs in at once, leaves the address bar, and works once", async () => {
  await page.goto("about:blank");
  await page.goto(link);
  await page.getByRole("heading", { name: "Welcome, Jonas Brandt" }).waitFor();
  expect(page.url()).toBe(`${base}/sign-in`);
  await accessible();
  await page.getByRole("link", { name: "Go to the overview" }).click();
  await page.getByRole("heading", { name: "Overview" }).waitFor();
  const other = await browser.newContext();
  const second = await other.newPage();
  await second.goto(link);
  await second.getByText("A sign-in link works once").waitFor();
  await other.close();
});

test("the overview counts what the API lists, and a page opened a second time still works", async () => {
  await open("/");
  await open("/");
  const all = (await mandate.api("GET", "/systems?limit=500")).body.items as { status: string }[];
  const operating = all.filter((one) => one.status !== "refused").length;
  await page.getByText(`${operating} of ${all.length}`, { exact: true }).waitFor();
  await accessible();
});

test("no page of the sample shows a broken value, and each passes axe", async () => {
  const names = ((await mandate.api("GET", "/systems?limit=500")).body.items as { name: string }[]).map((one) => `/systems/${one.name}`);
  const paths = ["/systems", ...names, "/systems/returns-desk?tab=changes", "/approvals", "/check", "/credentials", "/models", "/tools", "/findings", "/settings", "/policies", "/exceptions"];
  for (const path of paths) {
    await open(path);
    const text = await page.locator("main").innerText();
    expect(text, path).not.toMatch(/undefined|NaN|\[object|Invalid Date|1 Jan 1970/);
    if (!names.includes(path) || path.endsWith("returns-desk") || path.endsWith("cv-screening")) await accessible();
  }
});

test("a held call is approved on a phone, and then the same command passes with its ticket", async () => {
  const held = curl("held");
  expect(held.error?.code).toBe("approval_required");
  const ticket = held.error!.approval.id;
  await page.setViewportSize({ width: 390, height: 844 });
  await open(`/approve/${ticket}`);
  await page.getByText("Waiting for a person").waitFor();
  await accessible();
  expect(await page.evaluate("document.documentElement.scrollWidth - document.documentElement.clientWidth")).toBe(0);
  await page.getByLabel("Reason").fill("The parcel came back");
  await page.getByRole("button", { name: "Approve once" }).click();
  await page.getByText("Approved once").waitFor();
  await page.setViewportSize({ width: 1440, height: 900 });
  expect(curl("held", ticket).choices).toHaveLength(1);
});

test("an entry's proof is recomputed in the browser", async () => {
  curl("denied");
  await open("/evidence?outcome=deny");
  await page.locator("a.time-link").first().click();
  await page.getByText(/Recomputed in this browser/).waitFor();
  await page.getByText("Tree head signed by this log's key").waitFor();
  await accessible();
});

test("older entries load by cursor, each once", async () => {
  for (let index = 0; index < 60; index++) curl("denied");
  await open("/evidence");
  await page.getByRole("button", { name: "Show more" }).click();
  await page.locator("tr[data-row]").nth(50).waitFor();
  const ids = await page.locator("a.time-link").evaluateAll((links) => links.map((one) => one.getAttribute("href")));
  expect(new Set(ids).size).toBe(ids.length);
});

test("suspending says its effect, stops calls, and resuming lets them pass", async () => {
  await open("/systems/returns-desk");
  await page.getByRole("button", { name: "Suspend" }).click();
  await page.getByText(/calls (?:an hour )?will be refused/).waitFor();
  await sign("A test of the brake", "Suspend");
  await page.getByRole("button", { name: "Resume" }).waitFor();
  expect(curl("allowed").error?.code).toBe("system_suspended");
  await page.getByRole("button", { name: "Resume" }).click();
  await sign("The brake works", "Resume");
  await page.getByRole("button", { name: "Suspend" }).waitFor();
  expect(curl("allowed").choices).toHaveLength(1);
});

test("a key is shown once", async () => {
  await open("/credentials?system=meeting-notes");
  await page.getByRole("button", { name: "Create a key" }).click();
  const dialog = page.getByRole("dialog");
  await dialog.getByLabel("Name").fill("meeting-notes-ci");
  await dialog.getByRole("button", { name: "Create key" }).click();
  await dialog.getByText("This is the only time it is shown").waitFor();
  const secret = /mdk_\w+/.exec(await dialog.innerText())?.[0] ?? "";
  expect(secret.length).toBeGreaterThan(20);
  await dialog.getByRole("button", { name: "I have stored it" }).click();
  await open("/credentials?system=meeting-notes");
  await page.getByText("meeting-notes-ci").waitFor();
  expect(await page.content()).not.toContain(secret);
});
