import { execFileSync } from "node:child_process";
import { readFileSync } from "node:fs";
import { createRequire } from "node:module";
import { join } from "node:path";
import type { Browser, Page } from "playwright-core";
import { afterAll, beforeAll, expect, test } from "vitest";
import { openBrowser } from "../../packages/console/dev/browser.ts";
import { chatCompletion, type Mandate, type Reply, startMandate, startUpstream } from "./harness.ts";

const root = join(import.meta.dirname, "../..");
const axe = readFileSync(createRequire(join(root, "packages/console/package.json")).resolve("axe-core/axe.min.js"), "utf8");

let mandate: Mandate;
let upstream: Awaited<ReturnType<typeof startUpstream>>;
let browser: Browser;
let page: Page;
let base: string;

const world = (names: readonly string[], vendor = "visibility: full, regions: [EEA], training: never") => `apiVersion: v1
kind: Vendor
metadata: { name: acme }
spec: { ${vendor} }
---
apiVersion: v1
kind: Model
metadata: { name: m }
spec: { vendor: vendor:acme, protocol: openai, endpoint: "${upstream.url}/v1", served: [m], region: EEA, training: never, retention: 0d, maxSensitivity: internal }
${names
  .map(
    (name) => `---
apiVersion: v1
kind: AISystem
metadata: { name: ${name} }
spec:
  title: ${name}
  purposes: [{ id: notes, text: "Summarizes meetings of ${name}." }]
  owners: { business: bea@halden.example, technical: tom@halden.example }
  audience: internal
  autonomy: suggests
  distinctFrom: []
  intake: { prohibited: [], annex3: [], annex1: false, profiling: false, decisionEffect: none, reversibility: none, vulnerable: false, publicBody: false, euNexus: true }
  boundary: { sensitivity: internal, classes: [], regions: [EEA], retention: { prompts: 30d, outputs: 30d }, training: never }
  uses: { models: [model:m] }
`,
  )
  .join("")}`.replaceAll("  distinctFrom: []\n", "");

beforeAll(async () => {
  execFileSync("npm", ["run", "build", "-w", "@mandate/console"], { cwd: root, stdio: "ignore" });
  upstream = await startUpstream();
  upstream.answer = () => ({ chunks: [chatCompletion("m", "Hello.")] });
  mandate = await startMandate();
  base = mandate.url.replace("127.0.0.1", "localhost");
  const applied = await mandate.apply(world(["notes", "drafts"]));
  expect(applied.status, applied.text).toBe(200);
  browser = await openBrowser();
}, 180_000);

afterAll(async () => {
  await browser?.close();
  await mandate?.stop();
  await upstream?.close();
});

const ask = (key: string): Promise<Reply> => mandate.call("/v1/chat/completions", key, { model: "m", messages: [{ role: "user", content: "Hello" }] });

async function signIn(email: string, viewport = { width: 1440, height: 900 }): Promise<Page> {
  const made = await mandate.api("POST", `/people/${encodeURIComponent(email)}/sign-in-links`, {});
  expect(made.status, made.text).toBeLessThan(300);
  const link = String(made.body.url);
  const opened = await (await browser.newContext({ viewport })).newPage();
  opened.setDefaultTimeout(10_000);
  await opened.goto(link.replace("127.0.0.1", "localhost"));
  await opened.getByRole("heading", { name: /Welcome/ }).waitFor();
  return opened;
}

async function accessible(): Promise<void> {
  await page.evaluate(axe);
  const found = await page.evaluate(`axe.run(document, { runOnly: ["wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "wcag22aa"] })
    .then((result) => result.violations.map((one) => location.pathname + " " + one.id + ": " + one.nodes.map((node) => node.target.join(" ")).join(", ")))`);
  expect(found).toEqual([]);
}

test("flow 6: a vendor's change against a signed answer stops what depends on it within a second; one system goes on after a decision, one is suspended", async () => {
  const [notes, drafts] = [await mandate.credential("notes"), await mandate.credential("drafts")];
  expect((await ask(notes.key)).status).toBe(200);
  const reported = await mandate.api("POST", "/vendors/acme/events", { kind: "training", summary: "Trains on what it is sent unless told otherwise", url: "https://acme.example/notice" });
  expect(reported.status, reported.text).toBe(201);
  const since = performance.now();
  let reply = await ask(notes.key);
  while (reply.status === 200 && performance.now() - since < 1000) reply = await ask(notes.key);
  const effectMs = Math.round(performance.now() - since);
  expect([reply.status, reply.body?.error?.code], reply.text).toEqual([403, "reassessment_required"]);

  const seen = await mandate.api("GET", `/reassessments/${reported.body.reassessment}`);
  expect([seen.status, seen.body.systems?.map((one: { system: string }) => one.system)], seen.text).toEqual([200, ["drafts", "notes"]]);

  page = await signIn("tom@halden.example");
  await page.goto(`${base}/`);
  const started = performance.now();
  await page.getByRole("link", { name: /^acme may train/ }).first().click();
  await page.getByText("2 systems affected").waitFor();
  await page.getByText("boundary.training").first().waitFor();
  const shown = await page.locator("main").innerText();
  expect(shown).toContain("Contradicts");
  expect(shown).toContain("never");
  await accessible();
  await page.getByRole("button", { name: "Still fine: notes" }).click();
  await page.getByLabel("Reason").fill("Our contract opts out of training");
  await page.getByRole("dialog").getByRole("button", { name: "Still fine" }).click();
  await page.getByText("Our contract opts out of training").waitFor();
  await page.getByRole("button", { name: "Suspend: drafts" }).click();
  await page.getByLabel("Reason").fill("Nobody needs it now");
  await page.getByRole("dialog").getByRole("button", { name: "Suspend" }).click();
  await page.getByText("Nobody needs it now").waitFor();
  const seconds = (performance.now() - started) / 1000;
  console.log(`flow 6: effect after ${effectMs} ms; 7 interactions (open, two decisions of verb, reason, confirm), ${seconds.toFixed(1)} s of machine time`);
  const until = Date.now() + 1000;
  let again = await ask(notes.key);
  while (again.status !== 200 && Date.now() < until) again = await ask(notes.key);
  expect(again.status, again.text).toBe(200);
  expect((await ask(drafts.key)).body?.error?.code).toBe("system_suspended");
});

test("on a phone old stands above new, and nothing scrolls sideways", async () => {
  const { body } = await mandate.api("GET", "/reassessments");
  await page.setViewportSize({ width: 390, height: 844 });
  await page.goto(`${base}/reassessments/${body.items[0].id}`);
  await page.getByText("2 systems affected").waitFor();
  expect(await page.evaluate("document.documentElement.scrollWidth <= innerWidth")).toBe(true);
  const [old, now] = [await page.locator(".diff-sides del").first().boundingBox(), await page.locator(".diff-sides ins").first().boundingBox()];
  expect(now!.y).toBeGreaterThan(old!.y);
  await accessible();
});

test("two at once: a change and its decision race, and the last word is the register's", async () => {
  await mandate.api("POST", "/systems/drafts/resume", { reason: "again" });
  const [one, two] = await Promise.all([
    mandate.api("POST", "/vendors/acme/events", { kind: "terms", summary: "Version 2" }),
    mandate.api("POST", "/vendors/acme/events", { kind: "terms", summary: "Version 2" }),
  ]);
  expect([one.status, two.status, one.body.reassessment === two.body.reassessment]).toEqual([201, 201, true]);
});
