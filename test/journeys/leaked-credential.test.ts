import { execFileSync } from "node:child_process";
import { readFileSync } from "node:fs";
import { createRequire } from "node:module";
import { join } from "node:path";
import type { Browser, Page } from "playwright-core";
import { afterAll, beforeAll, expect, test } from "vitest";
import { openBrowser } from "../../packages/console/dev/browser.ts";
import { chat, type Mandate, smallManifest, startMandate, startUpstream, type Upstream } from "./harness.ts";

const root = join(import.meta.dirname, "../..");
const axe = readFileSync(createRequire(join(root, "packages/console/package.json")).resolve("axe-core/axe.min.js"), "utf8");

let mandate: Mandate;
let upstream: Upstream;
let browser: Browser;
let page: Page;
let key: string;
const troubles: string[] = [];
/** Everything the page sent, to look for the key in it. */
const sent: string[] = [];

beforeAll(async () => {
  execFileSync("npm", ["run", "build", "-w", "@mandate/console"], { cwd: root, stdio: "ignore" });
  upstream = await startUpstream();
  mandate = await startMandate();
  expect((await mandate.api("POST", "/people", { email: "sam@halden.example", name: "Sam Security", roles: ["security-reviewer"] })).status).toBe(201);
  expect((await mandate.apply(smallManifest(upstream.url))).status).toBe(200);
  key = (await mandate.credential("notes")).key;
  expect((await mandate.call("/v1/chat/completions", key, chat("hello"))).status).toBe(200);
  browser = await openBrowser();
  page = await (await browser.newContext({ viewport: { width: 1280, height: 900 } })).newPage();
  page.setDefaultTimeout(10_000);
  page.on("request", (request) => sent.push(`${request.url()} ${JSON.stringify(request.headers())} ${request.postData() ?? ""}`));
  page.on("console", (message) => {
    if (message.type() === "error" && !/401/.test(message.text())) troubles.push(`${page.url()}: ${message.text()}`);
  });
  page.on("pageerror", (error) => troubles.push(String(error)));
}, 180_000);

afterAll(async () => {
  await browser?.close();
  await mandate?.stop();
  await upstream?.close();
});

test("a leaked key, by keyboard alone: pasted into search, never sent, revoked within a second, confirmed, replaced, with its incident", async () => {
  const link = await mandate.api("POST", "/people/sam@halden.example/sign-in-links", {});
  await page.goto(link.body.url);
  await page.getByRole("link", { name: "Go to the overview" }).press("Enter");
  await page.getByRole("heading", { name: "Overview" }).waitFor();

  await page.keyboard.press("Control+k");
  await page.keyboard.insertText(key);
  await page.getByRole("option", { name: /^Key notes-test/ }).waitFor();
  expect(await page.getByRole("combobox").inputValue()).toBe("");
  await page.keyboard.press("Enter");
  await page.getByRole("heading", { name: "A key somebody found" }).waitFor();
  await page.getByText("Answers for it").waitFor();
  await page.getByText(/that notes may use/).waitFor();
  await page.evaluate(axe);
  expect(await page.evaluate(`axe.run(document, { runOnly: ["wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "wcag22aa"] }).then((result) => result.violations.map((one) => one.id))`)).toEqual([]);

  const revoke = page.getByRole("button", { name: "Revoke now" });
  await revoke.focus();
  await page.keyboard.press("Enter");
  await page.getByRole("dialog").getByText(/will be refused/).waitFor();
  await page.getByRole("dialog").getByLabel("Reason").fill("Found in a public repository.");
  await page.keyboard.press("Enter");
  await page.getByText(/: confirmed$/).waitFor();
  const refused = await mandate.call("/v1/chat/completions", key, chat("hello"));
  expect([refused.status, refused.body.error.code]).toEqual([401, "credential_revoked"]);

  await page.getByRole("button", { name: "Make a replacement" }).press("Enter");
  const fresh = await page.locator(".copy-once code").textContent();
  expect((await mandate.call("/v1/chat/completions", fresh, chat("hello"))).status).toBe(200);
  await page.getByRole("link", { name: "Open the incident's timeline" }).press("Enter");
  await page.getByRole("heading", { name: /^Key notes-test-\d+ leaked$/ }).waitFor();
  await page.getByText("Found in a public repository.").waitFor();
  expect(sent.filter((text) => text.includes(key))).toEqual([]);
  expect(mandate.output()).not.toContain(key);
  expect(troubles).toEqual([]);
});
