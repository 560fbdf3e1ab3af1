import { execFileSync } from "node:child_process";
import { readFileSync } from "node:fs";
import { createRequire } from "node:module";
import { join } from "node:path";
import type { Browser, BrowserContext, CDPSession, Page } from "playwright-core";
import { afterAll, afterEach, beforeAll, expect, test } from "vitest";
import { openBrowser } from "../../packages/console/dev/browser.ts";
import { type Mandate, startMandate } from "./harness.ts";

const root = join(import.meta.dirname, "../..");
const axe = readFileSync(createRequire(join(root, "packages/console/package.json")).resolve("axe-core/axe.min.js"), "utf8");

let mandate: Mandate;
let browser: Browser;
let base: string;
let troubles: string[] = [];

/** A person at a machine of their own, with an authenticator that verifies who holds it. */
interface Someone {
  readonly context: BrowserContext;
  readonly page: Page;
  readonly devtools: CDPSession;
  readonly authenticatorId: string;
}

async function someone(): Promise<Someone> {
  const context = await browser.newContext({ viewport: { width: 1280, height: 900 } });
  const page = await context.newPage();
  page.setDefaultTimeout(10_000);
  page.on("console", (message) => {
    if (message.type() === "error" && !/401|403/.test(message.text())) troubles.push(`${page.url()}: ${message.text()}`);
  });
  page.on("pageerror", (error) => troubles.push(`${page.url()}: ${String(error)}`));
  const devtools = await context.newCDPSession(page);
  await devtools.send("WebAuthn.enable");
  const { authenticatorId } = await devtools.send("WebAuthn.addVirtualAuthenticator", {
    options: { protocol: "ctap2", transport: "internal", hasResidentKey: true, hasUserVerification: true, isUserVerified: true, automaticPresenceSimulation: true },
  });
  return { context, page, devtools, authenticatorId };
}

async function linkFor(email: string): Promise<string> {
  const answer = await mandate.api("POST", `/people/${encodeURIComponent(email)}/sign-in-links`, {});
  expect(answer.status, answer.text).toBe(201);
  return answer.body.url;
}

async function accessible(page: Page): Promise<void> {
  await page.evaluate(axe);
  const found = await page.evaluate(`axe.run(document, { runOnly: ["wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "wcag22aa"] })
    .then((result) => result.violations.map((one) => location.pathname + " " + one.id + ": " + one.nodes.map((node) => node.target.join(" ")).join(", ")))`);
  expect(found).toEqual([]);
}

let administrator: Someone;

beforeAll(async () => {
  // The pages under test are those of this checkout, not of whoever built last.
  execFileSync("npm", ["run", "build", "-w", "@mandate/console"], { cwd: root, stdio: "ignore" });
  mandate = await startMandate();
  base = mandate.url.replace("127.0.0.1", "localhost");
  expect((await mandate.api("POST", "/people", { email: "ada@halden.example", name: "Ada Halden", roles: ["administrator"] })).status).toBe(201);
  browser = await openBrowser();
  administrator = await someone();
}, 180_000);

afterAll(async () => {
  await browser?.close();
  await mandate?.stop();
});

afterEach(() => {
  const seen = troubles;
  troubles = [];
  expect(seen, "console errors and page errors").toEqual([]);
});

test("an invitation leads to a passkey, and the passkey signs in without an e-mail", async () => {
  const { page } = administrator;
  await page.goto(await linkFor("ada@halden.example"));
  await page.getByRole("heading", { name: "Welcome, Ada Halden" }).waitFor();
  await accessible(page);
  await page.getByRole("button", { name: "Add a passkey" }).click();
  await page.getByText("The passkey is added.", { exact: true }).waitFor();
  await page.getByRole("link", { name: "Go to the overview" }).click();
  await page.getByRole("heading", { name: "Overview" }).waitFor();
  await page.getByRole("button", { name: /Ada Halden/ }).click();
  await page.getByRole("button", { name: "Sign out" }).click();
  await page.getByRole("button", { name: "Sign in with a passkey" }).waitFor();
  await accessible(page);
  await page.getByRole("button", { name: "Sign in with a passkey" }).click();
  await page.getByRole("heading", { name: "Overview" }).waitFor();
});

test("a page asked for on the loopback address moves to localhost, where passkeys work", async () => {
  const { page } = administrator;
  await page.goto(`${mandate.url}/settings`);
  expect(new URL(page.url()).hostname).toBe("localhost");
});

test("the account lists passkeys and sessions, and a further passkey needs the first", async () => {
  const { page, devtools, authenticatorId } = administrator;
  await page.goto(`${base}/account`);
  await page.getByRole("table", { name: "Passkeys" }).getByText("Signs every tier").waitFor();
  await page.getByRole("table", { name: "Sessions" }).getByText("This one").waitFor();
  await accessible(page);
  // Another device of the same person: the browser asks there, and the first device isn't at hand to confirm.
  await devtools.send("WebAuthn.setUserVerified", { authenticatorId, isUserVerified: false });
  await page.getByRole("button", { name: "Add a passkey" }).click();
  await page.getByText("No passkey was used. Nothing was changed.").waitFor();
  await devtools.send("WebAuthn.setUserVerified", { authenticatorId, isUserVerified: true });
  await page.getByRole("button", { name: /^Rename/ }).click();
  await page.getByLabel("Name of the passkey").fill("Desk computer");
  await page.getByRole("dialog").getByRole("button", { name: "Save" }).click();
  await page.getByRole("table", { name: "Passkeys" }).getByText("Desk computer").waitFor();
});

test("an administrator invites by the page, with roles that may stand together and a link shown once", async () => {
  const { page } = administrator;
  await page.goto(`${base}/settings`);
  await page.getByRole("button", { name: "Invite a person" }).click();
  const dialog = page.getByRole("dialog");
  await dialog.getByLabel("E-mail").fill("bo@halden.example");
  await dialog.getByLabel("Name").fill("Bo Halden");
  await dialog.getByLabel("Authorizing official").check();
  expect(await dialog.getByLabel("Administrator").isDisabled(), "an administrator holds no approving role").toBe(true);
  await dialog.getByRole("button", { name: "Invite" }).click();
  await dialog.getByText("Done").waitFor();
  await dialog.getByRole("button", { name: "Make a sign-in link" }).click();
  const url = await dialog.locator("code.secret").innerText();
  await accessible(page);
  await dialog.getByRole("button", { name: "Cancel" }).click();
  await page.getByRole("table", { name: "People" }).getByText("Bo Halden").waitFor();
  await accessible(page);

  const bo = await someone();
  await bo.page.goto(url);
  await bo.page.getByRole("button", { name: "Add a passkey" }).click();
  await bo.page.getByText("The passkey is added.", { exact: true }).waitFor();
  await bo.page.goto(`${base}/settings`);
  await bo.page.getByRole("heading", { name: "Settings" }).waitFor();
  expect(await bo.page.getByRole("button", { name: "Invite a person" }).count(), "only an administrator invites").toBe(0);
  await bo.context.close();
});

test("a service account is made by the page, its token is shown once, and ending it ends the token", async () => {
  const { page } = administrator;
  await page.goto(`${base}/settings`);
  await page.getByRole("button", { name: "Make a service account" }).click();
  const dialog = page.getByRole("dialog");
  await dialog.getByLabel("Account name").fill("pipeline");
  await dialog.getByLabel("Read the register, decisions and findings").check();
  await accessible(page);
  await dialog.getByRole("button", { name: "Make it" }).click();
  await page.getByRole("button", { name: "Actions for pipeline" }).click();
  await page.getByRole("menuitem", { name: "Make a token" }).click();
  const token = await page.locator("code.secret").innerText();
  expect((await mandate.api("GET", "/systems", undefined, token)).status).toBe(200);
  expect((await mandate.api("POST", "/people", { email: "x@halden.example" }, token)).body.code).toBe("identity.scope_missing");
  await accessible(page);
  await page.getByRole("button", { name: "Actions for pipeline" }).click();
  await page.getByRole("menuitem", { name: "End" }).click();
  await page.getByRole("dialog").getByRole("button", { name: "End" }).click();
  await page.getByText("No service account.").waitFor();
  expect((await mandate.api("GET", "/systems", undefined, token)).status).toBe(401);
});

test("one administrator alone can't reset a passkey, and a link for someone who is in adds none", async () => {
  const { page } = administrator;
  await page.goto(`${base}/settings`);
  await page.getByRole("button", { name: "Actions for bo@halden.example" }).click();
  await page.getByRole("menuitem", { name: "Reset passkeys" }).click();
  await page.getByLabel("Reason").fill("Lost the phone.");
  await page.getByRole("dialog").getByRole("button", { name: "Reset passkeys" }).click();
  await page.getByText("There is no second administrator who could confirm.", { exact: false }).waitFor();
  await page.getByRole("dialog").getByRole("button", { name: "Cancel" }).click();

  const impostor = await someone();
  await impostor.page.goto(await linkFor("bo@halden.example"));
  await impostor.page.getByRole("heading", { name: "Welcome, Bo Halden" }).waitFor();
  await impostor.page.getByRole("button", { name: "Add a passkey" }).click();
  await impostor.page.getByText("This session can't add a passkey", { exact: false }).waitFor();
  await impostor.context.close();
});

test("whoever is deactivated is out with the next request, wherever they are signed in", async () => {
  const bo = await someone();
  await bo.page.goto(await linkFor("bo@halden.example"));
  await bo.page.getByRole("heading", { name: "Welcome, Bo Halden" }).waitFor();
  const { page } = administrator;
  await page.goto(`${base}/settings`);
  await page.getByRole("button", { name: "Actions for bo@halden.example" }).click();
  await page.getByRole("menuitem", { name: "Deactivate" }).click();
  await page.getByLabel("Reason").fill("Left the company.");
  await page.getByRole("dialog").getByRole("button", { name: "Deactivate" }).click();
  await page.getByRole("table", { name: "People" }).getByText("Deactivated").waitFor();
  await bo.page.goto(`${base}/settings`);
  await bo.page.getByRole("button", { name: "Sign in with a passkey" }).waitFor();
  await bo.context.close();
});
