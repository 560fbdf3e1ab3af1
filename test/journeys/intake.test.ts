import { execFile, execFileSync } from "node:child_process";
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { createRequire } from "node:module";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { promisify } from "node:util";
import type { Browser, Page } from "playwright-core";
import { afterAll, beforeAll, expect, test } from "vitest";
import { openBrowser } from "../../packages/console/dev/browser.ts";
import { bootstrapToken, type Mandate, type Reply, startMandate } from "./harness.ts";

const run = promisify(execFile);
const root = join(import.meta.dirname, "../..");
const axe = readFileSync(createRequire(join(root, "packages/console/package.json")).resolve("axe-core/axe.min.js"), "utf8");
const home = mkdtempSync(join(tmpdir(), "mandate-intake-"));

let mandate: Mandate;
let browser: Browser;
let page: Page;
let base: string;

beforeAll(async () => {
  // The pages under test are those of this checkout, not of whoever built last.
  execFileSync("npm", ["run", "build", "-w", "@mandate/console"], { cwd: root, stdio: "ignore" });
  mandate = await startMandate({ mode: "up", sample: true });
  base = mandate.url.replace("127.0.0.1", "localhost");
  for (let waited = 0; !mandate.output().includes("# denied") && waited < 300; waited++) await new Promise((done) => setTimeout(done, 100));
  const link = /http:\S+\/sign-in#link=\S+/.exec(mandate.output())?.[0] ?? "";
  expect(link, mandate.output()).not.toBe("");
  browser = await openBrowser();
  page = await (await browser.newContext({ viewport: { width: 1440, height: 900 } })).newPage();
  page.setDefaultTimeout(10_000);
  await page.goto(link);
  await page.getByRole("heading", { name: /Welcome/ }).waitFor();
}, 180_000);

afterAll(async () => {
  await browser?.close();
  await mandate?.stop();
  rmSync(home, { recursive: true, force: true });
});

async function accessible(): Promise<void> {
  await page.evaluate(axe);
  const found = await page.evaluate(`axe.run(document, { runOnly: ["wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "wcag22aa"] })
    .then((result) => result.violations.map((one) => location.pathname + " " + one.id + ": " + one.nodes.map((node) => node.target.join(" ")).join(", ")))`);
  expect(found).toEqual([]);
}

const next = () => page.getByRole("button", { name: "Next" }).click();
async function fourQuestions(name: string, purpose: string): Promise<void> {
  await page.goto(`${base}/register`);
  await page.getByLabel("Name").fill(name);
  await page.getByLabel("Purpose").fill(purpose);
  await next();
  await page.getByLabel("Business owner's e-mail").fill("noor.janssen@halden.example");
  await page.getByLabel("Technical owner's e-mail").fill("emil.novak@halden.example");
  await next();
  await page.getByLabel(/mistral/i).check();
  await page.getByLabel("Highest data class").selectOption("internal");
  await page.getByLabel("Regions").fill("EEA");
  await next();
  await page.getByLabel("Audience").selectOption("internal");
  await page.getByLabel("How far it acts alone").selectOption("suggests");
  await next();
}
const ask = (key: string): Promise<Reply> => mandate.call("/v1/chat/completions", key, { model: "mistral-large-2", messages: [{ role: "user", content: "Soup for Monday?" }] });

/** What a person needs to read a screen and type what it asks: 45 words a minute, and 10 s of thought for each answer. */
const typing = (characters: number): number => (characters / 5 / 45) * 60;

test("from nothing to a T0 key and its first allowed call: five interactions, under five minutes", async () => {
  const started = performance.now();
  await fourQuestions("Menu Writer", "Drafts canteen menus for staff.");
  await page.getByLabel("I say that none of these applies").check();
  await page.getByText("As answered so far: T0").waitFor();
  expect(await page.getByLabel("Legal or similar effect on people").count(), "what no rule needs isn't asked").toBe(0);
  await accessible();
  await page.getByRole("button", { name: "Register and get a key" }).click();
  await page.getByText("Menu Writer is registered").waitFor();
  const shown = await page.locator("main").innerText();
  expect(shown).toContain(`OPENAI_BASE_URL=${mandate.gateway.replace("127.0.0.1", "localhost")}/v1`);
  const reply = await ask(/mdk_\w+/.exec(shown)?.[0] ?? "");
  expect(reply.status, reply.text).toBe(200);
  await page.getByText("The first call arrived").waitFor();
  const machineSeconds = (performance.now() - started) / 1000;
  const answers = 11;
  const personSeconds = machineSeconds + typing(120) + answers * 10;
  // Screens sent: four questions and the screen of uses.
  console.log(`flow 1: 5 screens sent, ${answers} answers, ${machineSeconds.toFixed(1)} s of machine time, about ${Math.round(personSeconds)} s for a person`);
  expect(personSeconds).toBeLessThan(300);
  const { body } = await mandate.api("GET", "/systems/menu-writer/tier");
  expect(body.inputs.find((one: { input: string }) => one.input === "prohibited")).toMatchObject({ source: "answered", value: [] });
});

test("an alike system is shown, and the reason why this is another stands in the record", async () => {
  await page.goto(`${base}/register`);
  await page.getByLabel("Name").fill("Menu Writers");
  await page.getByLabel("Purpose").fill("Drafts menus of the canteen for staff.");
  await next();
  await page.getByText("Something like this is registered").waitFor();
  await page.getByRole("link", { name: "Open Menu Writer" }).waitFor();
  await page.getByLabel("Business owner's e-mail").fill("noor.janssen@halden.example");
  await page.getByLabel("Technical owner's e-mail").fill("emil.novak@halden.example");
  await next();
  await page.getByText("Say why, or join the one that is there.").waitFor();
  await page.getByLabel("Why this isn't Menu Writer").fill("Another site with its own kitchen");
  await accessible();
  await next();
  await page.getByLabel("Highest data class").waitFor();
});

const t3 = (name: string) => `apiVersion: v1
kind: AISystem
metadata: { name: ${name} }
spec:
  title: ${name}
  purposes: [{ id: rank, text: Ranks applicants. }]
  owners: { business: noor.janssen@halden.example, technical: emil.novak@halden.example }
  autonomy: suggests
  intake: { prohibited: [], annex3: [ANX-III.4.a] }
  boundary: { sensitivity: internal, regions: [EEA] }
  uses: { models: [model:mistral-large-2] }
`;

async function reachesNothing(name: string): Promise<void> {
  const { body } = await mandate.api("GET", `/systems/${name}`);
  expect(body).toMatchObject({ tier: "T3", lifecycle: "proposed", status: "refused", statusCode: "not_authorized" });
  const { key } = await mandate.credential(name, "8h").catch(async () => mandate.credential(name, "1h"));
  const reply = await ask(key);
  expect(reply.status, reply.text).toBe(403);
  expect(reply.text).toContain("not_authorized");
}

test("a T3 system gets no call without its gates: by the console", async () => {
  await fourQuestions("Applicant Ranker", "Ranks applicants for hiring.");
  await page.getByLabel(/Recruitment: targeting ads/).check();
  await page.getByText("As answered so far: T3").waitFor();
  await page.getByText("ART-6.2, ART-6.3").first().waitFor();
  await page.getByRole("button", { name: "Register and get a key" }).click();
  await page.getByText("It is proposed and reaches nothing yet").waitFor();
  await reachesNothing("applicant-ranker");
});

test("a T3 system gets no call without its gates: by manifest, API, CLI and import", async () => {
  expect((await mandate.apply(t3("by-manifest"))).status).toBe(200);
  await reachesNothing("by-manifest");
  const spec = { title: "By API", purposes: [{ id: "rank", text: "Ranks." }], owners: { business: "noor.janssen@halden.example", technical: "emil.novak@halden.example" }, intake: { prohibited: [], annex3: ["ANX-III.4.a"] }, boundary: { sensitivity: "internal", regions: ["EEA"] }, uses: { models: ["model:mistral-large-2"] } };
  expect((await mandate.api("PUT", "/systems/by-api", { spec })).status).toBeLessThan(300);
  await reachesNothing("by-api");

  const file = join(home, "t3.yaml");
  writeFileSync(file, t3("by-cli"));
  const sheet = join(home, "rows.csv");
  writeFileSync(sheet, 'Name,Purpose,Business owner,Technical owner,Classification,Region,Model,Annex III\nBy Import,Ranks,noor.janssen@halden.example,emil.novak@halden.example,internal,EEA,mistral-large-2,4.a\n"=1+1",x,,,,,,\n');
  const command = (...args: string[]) => run(process.execPath, [join(root, "packages/cli/src/main.ts"), ...args], { cwd: home, env: { ...process.env, HOME: home, XDG_CONFIG_HOME: home, MANDATE_URL: mandate.url, MANDATE_TOKEN: bootstrapToken, NO_COLOR: "1" } });
  const plan = await command("plan", "-f", file);
  expect(plan.stdout + plan.stderr).toMatch(/by-cli is T3: It is an Annex III use.*R03; ART-6\.2, ART-6\.3/);
  await command("apply", "-f", file);
  await reachesNothing("by-cli");
  const imported = await command("import", "csv", sheet, "--report", "report.csv");
  expect(imported.stdout).toContain("by-import");
  expect(readFileSync(join(home, "report.csv"), "utf8")).not.toMatch(/(^|,)"=/m);
  await reachesNothing("by-import");
});

test("a T3 system can't be talked down below the rule that makes it one", async () => {
  const until = new Date(Date.now() + 86_400_000).toISOString();
  const { status, body } = await mandate.api("POST", "/systems/by-manifest/tier", { tier: "T1", reason: "hurry", until });
  expect([status, body.code]).toEqual([422, "tiers.floor"]);
  await page.goto(`${base}/systems/by-manifest`);
  await page.getByRole("heading", { name: "Why this tier" }).waitFor();
  await page.getByText("R03: ART-6.2, ART-6.3").waitFor();
  await accessible();
});

test("a spreadsheet is previewed row by row before anything is written", async () => {
  await page.goto(`${base}/import`);
  await page.getByLabel("CSV file").setInputFiles({ name: "rows.csv", mimeType: "text/csv", buffer: Buffer.from("Name,Purpose,Colour\nShelf Planner,Plans shelves,red\n,nobody,\n") });
  await page.getByRole("cell", { name: "Colour: red" }).waitFor();
  expect((await mandate.api("GET", "/systems/shelf-planner")).status).toBe(404);
  await accessible();
  await page.getByRole("button", { name: "Import 1 draft" }).click();
  await page.getByText("1 draft is in the register.").waitFor();
  expect((await mandate.api("GET", "/systems/shelf-planner")).body).toMatchObject({ lifecycle: "proposed", tier: "T2", status: "refused" });
});
