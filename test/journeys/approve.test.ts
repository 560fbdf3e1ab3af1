import { execFileSync } from "node:child_process";
import { existsSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { createRequire } from "node:module";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, afterEach, beforeAll, expect, test } from "vitest";
import type { Browser, BrowserContext, Page } from "playwright-core";
import { openBrowser } from "../../packages/console/dev/browser.ts";
import { gateRecords } from "../../packages/server/src/gates/testing.ts";
import { payoutsManifest } from "../../packages/server/src/testing/payouts.ts";
import { type Mandate, runCli, startMandate, startUpstream, type Upstream } from "./harness.ts";
import { startOutsideWitness } from "./outside-witness.ts";

const root = join(import.meta.dirname, "../..");
const axe = readFileSync(createRequire(join(root, "packages/console/package.json")).resolve("axe-core/axe.min.js"), "utf8");
const phone = { width: 390, height: 844 };

let mandate: Mandate;
let upstream: Upstream;
let browser: Browser;
let base: string;
let key: string;
let troubles: string[] = [];
const work = mkdtempSync(join(tmpdir(), "mandate-approve-"));

/** T3: it pays by itself and can't take it back. */
const manifest = (endpoint: string, within = "5s") => `apiVersion: v1
kind: Group
metadata: { name: leads }
spec: { members: [lea@halden.example] }
---
${payoutsManifest({
  endpoint,
  domain: "halden.example",
  autonomy: "acts",
  effect: "pays",
  reversible: false,
  rule: `approvers: { group: leads, count: 1, within: ${within} }, because: Payouts above 80 need a person., remedies: [{ text: Pay out less. }]`,
  tests: ['{ name: large, call: "tool:payouts.send", input: { order: A1, amount: 100 }, expect: hold }'],
})}`;

/** A person on a phone: own browser profile, own authenticator. Counts what the person does. */
class OnPhone {
  readonly page: Page;
  readonly context: BrowserContext;
  taps = 0;

  constructor(context: BrowserContext, page: Page) {
    this.context = context;
    this.page = page;
  }

  static async arrive(email: string): Promise<OnPhone> {
    const context = await browser.newContext({ viewport: phone, isMobile: true, hasTouch: true });
    const page = await context.newPage();
    page.setDefaultTimeout(10_000);
    page.on("console", (message) => {
      if (message.type() === "error") troubles.push(`${page.url()}: ${message.text()}`);
    });
    page.on("pageerror", (error) => troubles.push(`${page.url()}: ${String(error)}`));
    const device = await context.newCDPSession(page);
    await device.send("WebAuthn.enable");
    await device.send("WebAuthn.addVirtualAuthenticator", {
      options: { protocol: "ctap2", transport: "internal", hasResidentKey: true, hasUserVerification: true, isUserVerified: true, automaticPresenceSimulation: true },
    });
    const { body } = await mandate.api("POST", `/people/${email}/sign-in-links`, {});
    await page.goto(String(body.url).replace(/^http:\/\/[^/]+/, base));
    await page.getByRole("button", { name: "Add a passkey" }).click();
    await page.getByText(/passkey (?:is )?added|can sign/i).first().waitFor();
    return new OnPhone(context, page);
  }

  async open(path: string): Promise<void> {
    this.taps++;
    await this.page.goto(base + path, { waitUntil: "domcontentloaded" });
    await this.page.locator("h1").first().waitFor();
  }

  /** WCAG 2.2 A and AA, in both themes. */
  async accessible(): Promise<void> {
    for (const colorScheme of ["light", "dark"] as const) {
      await this.page.emulateMedia({ colorScheme, reducedMotion: "reduce" });
      await this.page.evaluate(axe);
      const found = await this.page.evaluate(`axe.run(document, { runOnly: ["wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "wcag22aa"] })
        .then((result) => result.violations.map((one) => location.pathname + " " + one.id + ": " + one.nodes.map((node) => node.target.join(" ")).join(", ")))`);
      expect(found).toEqual([]);
      expect(await this.page.evaluate("document.documentElement.scrollWidth - document.documentElement.clientWidth")).toBe(0);
    }
  }

  async answer(path: string, reason: string, button: "Approve once" | "Refuse", said: string): Promise<{ interactions: number; seconds: number }> {
    const before = this.taps;
    const started = performance.now();
    await this.open(path);
    await this.page.getByLabel("Reason").fill(reason);
    this.taps++;
    expect(await this.page.evaluate("document.documentElement.scrollWidth - document.documentElement.clientWidth")).toBe(0);
    // The passkey's own confirmation counts as the person's touch.
    await this.page.getByRole("button", { name: button }).click();
    this.taps += 2;
    await this.page.getByText(said, { exact: true }).first().waitFor();
    return { interactions: this.taps - before, seconds: Math.round((performance.now() - started) / 100) / 10 };
  }
}

/** The held call as a developer would run it; `ticket` repeats the same bytes. */
function curl(amount: number, ticket?: string): { decision: boolean; context: { outcome: string; code: string; reason: string; approval?: { id: string; url: string } } } {
  const body = JSON.stringify({ subject: { type: "system", id: "payouts" }, action: { name: "tool.call" }, resource: { type: "tool", id: "payouts.send" }, context: { input: { order: "A1", amount, reason: "The parcel came back" }, messages: [{ role: "user", content: "Pay order A1 back please" }] } });
  const args = ["-s", `${mandate.gateway}/access/v1/evaluation`, "-H", `authorization: Bearer ${key}`, "-H", "content-type: application/json", ...(ticket === undefined ? [] : ["-H", `x-mandate-approval: ${ticket}`]), "-d", body];
  return JSON.parse(execFileSync("curl", args, { encoding: "utf8" }));
}

const pathOf = (url: string): string => new URL(url).pathname;
let official: OnPhone;
let lea: OnPhone;
let legal: OnPhone;

beforeAll(async () => {
  if (!existsSync(join(root, "packages/console/dist/index.html"))) execFileSync("npm", ["run", "build", "-w", "@mandate/console"], { cwd: root, stdio: "ignore" });
  upstream = await startUpstream();
  mandate = await startMandate();
  base = mandate.url.replace("127.0.0.1", "localhost");
  browser = await openBrowser();
  const invite = async (email: string, ...roles: string[]) => expect((await mandate.api("POST", "/people", { email, name: email.split("@")[0], roles })).status).toBe(201);
  await invite("helena@halden.example", "authorizing-official");
  await invite("pieter@halden.example", "legal-reviewer");
  await invite("lea@halden.example", "governance-lead");
  await invite("bea@halden.example", "business-owner");
  official = await OnPhone.arrive("helena@halden.example");
  legal = await OnPhone.arrive("pieter@halden.example");
  lea = await OnPhone.arrive("lea@halden.example");
  const applied = await mandate.apply(manifest(upstream.url, "30m"));
  expect(applied.status, applied.text).toBe(200);
  key = (await mandate.credential("payouts")).key;
}, 120_000);

afterAll(async () => {
  await browser?.close();
  await mandate?.stop();
  await upstream?.close();
  rmSync(work, { recursive: true, force: true });
});

afterEach(() => {
  const seen = troubles;
  troubles = [];
  expect(seen, "console errors and page errors").toEqual([]);
});

const asked = async (system: string): Promise<string> => {
  const { body } = await mandate.api("GET", `/approvals?state=pending&system=${system}`);
  return String(body.items[0].id);
};

test("a T3 pilot starts by an official's passkey alone; the terminal says so and prints the link", async () => {
  const id = await asked("payouts");
  const terminal = await runCli(mandate, ["approve", id, "--reason", "from a terminal", "--token", await mandate.personToken("helena@halden.example")]);
  expect([terminal.code, terminal.stderr]).toEqual([5, expect.stringContaining(`${base}/approve/${id}`)]);
  expect(terminal.stderr).toContain("passkey");
  await official.answer(`/approve/${id}`, "Pilot with small payouts", "Approve once", "Approved once");
  expect((await mandate.api("GET", "/systems/payouts")).body).toMatchObject({ lifecycle: "pilot", status: "operating" });
});

test("a held call at T3 is approved on a phone, and the same command then passes once", async () => {
  const held = curl(146);
  expect(held.context).toMatchObject({ outcome: "hold", code: "approval_required" });
  const { id, url } = held.context.approval!;
  await lea.open(pathOf(url));
  await lea.page.getByText("Waiting for a person").waitFor();
  await lea.page.getByRole("heading", { name: "Shall payouts use payouts.send with order A1, amount 146?" }).waitFor();
  await lea.page.getByText("“The parcel came back”").waitFor();
  await lea.page.getByText("The agent's reason is not confirmed").waitFor();
  await lea.accessible();
  const measured = await lea.answer(pathOf(url), "The parcel is here", "Approve once", "Approved once");
  console.log(`flow 4, approve: ${measured.interactions} interactions, ${measured.seconds} s`);
  expect(measured.interactions).toBeLessThanOrEqual(4);
  expect(curl(147, id).decision).toBe(false);
  expect(curl(146, id).decision).toBe(true);
  expect(curl(146, id).decision).toBe(false);
});

test("what waits is listed with its time left; who asked sees why they can't answer", async () => {
  const { id } = curl(180).context.approval!;
  await lea.open("/approvals");
  await lea.page.getByRole("link", { name: "Decide" }).first().waitFor();
  await lea.page.getByText("Median time to answer").waitFor();
  await lea.accessible();
  await official.open(`/approve/${id}`);
  await official.page.getByText("This question wasn't routed to you").waitFor();
  expect(await official.page.getByRole("button", { name: "Approve once" }).count()).toBe(0);
  await lea.answer(`/approve/${id}`, "Not needed", "Refuse", "Refused");
  await lea.accessible();
});

test("refused on a phone the call stays refused, and the caller reads why", async () => {
  const { id, url } = curl(200).context.approval!;
  const measured = await lea.answer(pathOf(url), "No receipt", "Refuse", "Refused");
  console.log(`flow 4, refuse: ${measured.interactions} interactions, ${measured.seconds} s`);
  const again = curl(200, id);
  expect(again.decision).toBe(false);
  expect((await mandate.api("GET", `/approvals/${id}`)).body).toMatchObject({ state: "refused", signature: { kind: "webauthn", choice: "refuse" } });
});

test("a question that nobody answers lapses before the reader's eyes, and is a refusal", async () => {
  const applied = await mandate.apply(manifest(upstream.url));
  expect(applied.status, applied.text).toBe(200);
  // The shorter time is a rule's change, so the next ask waits for the same official.
  const { body } = await mandate.api("GET", "/approvals?state=pending&system=payouts&action=pilot");
  if (body.items.length > 0) await official.answer(`/approve/${String(body.items[0].id)}`, "Shorter is fine", "Approve once", "Approved once");
  const held = curl(300).context;
  const { id, url } = held.approval!;
  await lea.open(pathOf(url));
  await lea.page.getByText("Waiting for a person").waitFor();
  await lea.page.getByText("Lapsed, so refused").waitFor({ timeout: 20_000 });
  expect(await lea.page.getByRole("button", { name: "Approve once" }).count()).toBe(0);
  expect(curl(300, id).decision).toBe(false);
});

test("who goes away names a delegate, signs it for T3 with a passkey, and ends it", async () => {
  const { page } = official;
  await official.open("/approvals");
  await page.getByRole("button", { name: "Name a delegate" }).click();
  const dialog = page.getByRole("dialog");
  await dialog.getByLabel("Delegate's e-mail").fill("lea@halden.example");
  await dialog.getByLabel("Last day").fill(new Date(Date.now() + 3 * 86_400_000).toISOString().slice(0, 10));
  await dialog.getByLabel("Reason").fill("On leave");
  await dialog.getByRole("button", { name: "Name a delegate" }).click();
  await page.getByText("lea@halden.example answers for helena@halden.example").waitFor();
  await official.accessible();
  await page.getByRole("link", { name: "Sign it for T3" }).click();
  await page.getByRole("heading", { name: /answer for you at T3 while you are away/ }).waitFor();
  await official.answer(new URL(page.url()).pathname, "On leave", "Approve once", "Approved once");
  expect((await mandate.api("GET", "/delegations")).body.items[0]).toMatchObject({ to: "lea@halden.example", state: "active", signed: true });
  await official.open("/approvals");
  await page.getByRole("button", { name: "End" }).click();
  await page.getByText("Nobody stands in for anybody.").waitFor();
});

test("T3 production is signed by official and legal, and each signature verifies offline in a pack", async () => {
  const owner = await mandate.personToken("bea@halden.example");
  // Who answers for a T3 system has been here once.
  await mandate.api("GET", "/systems/payouts", undefined, await mandate.personToken("tom@halden.example"));
  expect((await mandate.apply(gateRecords("payouts", ["bea@halden.example", "tom@halden.example"]))).status).toBe(200);
  for (const verb of ["suspend", "resume"]) expect((await mandate.api("POST", `/systems/payouts/${verb}`, { reason: "stop drill" })).status).toBe(200);
  // Both owners have been here, and somebody outside vouches for the log.
  expect((await mandate.api("GET", "/systems", undefined, await mandate.personToken("tom@halden.example"))).status).toBe(200);
  await (await startOutsideWitness(mandate.api)).close();
  const promoted = await mandate.api("POST", "/systems/payouts/promote", { reason: "The pilot met its goals" }, owner);
  expect(promoted.status, promoted.text).toBe(200);
  const id = String((await mandate.api("GET", "/approvals?state=pending&action=production")).body.items[0].id);
  const skipped = await mandate.api("POST", `/approvals/${id}/approve`, { reason: "by token" }, await mandate.personToken("pieter@halden.example"));
  expect([skipped.status, skipped.body.code]).toEqual([403, "approvals.passkey_required"]);
  const first = await legal.answer(`/approve/${id}`, "Lawful basis checked", "Approve once", "Waiting for a person");
  const second = await official.answer(`/approve/${id}`, "Oversight is in place", "Approve once", "Approved once");
  console.log(`T3 production: ${first.interactions + second.interactions} interactions, ${(first.seconds + second.seconds).toFixed(1)} s, two people`);
  expect((await mandate.api("GET", "/systems/payouts")).body).toMatchObject({ lifecycle: "production" });

  const pack = join(work, "pack.zip");
  const made = await runCli(mandate, ["evidence", "pack", "-f", pack]);
  expect(made.code, made.stderr).toBe(0);
  const verified = await runCli(null, ["evidence", "verify", pack, "-o", "json"]);
  expect(verified.code, verified.stdout).toBe(0);
  expect(JSON.parse(verified.stdout)).toMatchObject({ ok: true, approvals: expect.any(Number), problems: [] });
  expect(JSON.parse(verified.stdout).approvals).toBeGreaterThanOrEqual(5);

  // Someone else's hands: no code of ours reads these.
  if (!hasPythonAndOpenssl()) return console.log("python3 or openssl is absent, so the second verifier did not run");
  writeFileSync(join(work, "check.py"), independent);
  expect(execFileSync("python3", [join(work, "check.py"), pack], { encoding: "utf8" }).trim()).toMatch(/^[5-9] passkey signatures verify$/);
});

function hasPythonAndOpenssl(): boolean {
  try {
    for (const program of ["python3", "openssl"]) execFileSync("sh", ["-c", `command -v ${program}`], { stdio: "ignore" });
    return true;
  } catch {
    return false;
  }
}

/** Python's own zip, hash and JSON, and openssl for the signature: RFC 8785 of these statements is sorted compact JSON. */
const independent = `
import base64, hashlib, json, subprocess, sys, tempfile, zipfile, os
def b(text): return base64.urlsafe_b64decode(text + "=" * (-len(text) % 4))
pack, count = zipfile.ZipFile(sys.argv[1]), 0
for name in pack.namelist():
    if not name.startswith("approvals/"): continue
    approval = json.loads(pack.read(name))
    for one in approval["signatures"]:
        if one["kind"] != "webauthn": continue
        statement = dict(approval["statement"], choice=one["choice"])
        digest = hashlib.sha256(json.dumps(statement, sort_keys=True, separators=(",", ":"), ensure_ascii=False).encode()).digest()
        client = json.loads(b(one["clientDataJSON"]))
        data = b(one["authenticatorData"])
        assert client["type"] == "webauthn.get" and client["origin"] == one["origin"], name
        assert b(client["challenge"]) == digest, name
        assert data[:32] == hashlib.sha256(one["rpId"].encode()).digest() and data[32] & 5 == 5, name
        with tempfile.TemporaryDirectory() as folder:
            path = lambda n: os.path.join(folder, n)
            open(path("key"), "wb").write(b(one["publicKey"]))
            open(path("sig"), "wb").write(b(one["signature"]))
            open(path("msg"), "wb").write(data + hashlib.sha256(b(one["clientDataJSON"])).digest())
            ed25519 = len(b(one["publicKey"])) == 44
            subprocess.run(["openssl", "pkeyutl", "-verify", "-pubin", "-inkey", path("key"), "-keyform", "DER", "-rawin", *([] if ed25519 else ["-digest", "sha256"]), "-in", path("msg"), "-sigfile", path("sig")], check=True, stdout=subprocess.DEVNULL)
        count += 1
print(count, "passkey signatures verify")
`;
