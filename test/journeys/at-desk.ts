import { execFileSync } from "node:child_process";
import { existsSync, readFileSync } from "node:fs";
import { createRequire } from "node:module";
import { join } from "node:path";
import type { Browser, BrowserContext, Page } from "playwright-core";
import { expect } from "vitest";
import { openBrowser } from "../../packages/console/dev/browser.ts";
import type { Mandate } from "./harness.ts";

const root = join(import.meta.dirname, "../..");
const axe = readFileSync(createRequire(join(root, "packages/console/package.json")).resolve("axe-core/axe.min.js"), "utf8");

/** One browser, and what went wrong in any of its pages since last asked. */
export class Office {
  readonly base: string;
  readonly #mandate: Mandate;
  readonly #browser: Browser;
  #troubles: string[] = [];

  private constructor(mandate: Mandate, browser: Browser) {
    this.#mandate = mandate;
    this.#browser = browser;
    this.base = mandate.url.replace("127.0.0.1", "localhost");
  }

  static async open(mandate: Mandate): Promise<Office> {
    if (!existsSync(join(root, "packages/console/dist/index.html"))) execFileSync("npm", ["run", "build", "-w", "@mandate/console"], { cwd: root, stdio: "ignore" });
    return new Office(mandate, await openBrowser());
  }

  /** Signs in by a link and enrols a passkey, as an invited person does. `expected`: statuses whose console line is no trouble. */
  async arrive(email: string, expected = /409/): Promise<AtDesk> {
    const context = await this.#browser.newContext({ viewport: { width: 1280, height: 900 } });
    const page = await context.newPage();
    page.setDefaultTimeout(10_000);
    page.on("console", (message) => {
      if (message.type() === "error" && !expected.test(message.text())) this.#troubles.push(`${page.url()}: ${message.text()}`);
    });
    page.on("pageerror", (error) => this.#troubles.push(`${page.url()}: ${String(error)}`));
    const device = await context.newCDPSession(page);
    await device.send("WebAuthn.enable");
    await device.send("WebAuthn.addVirtualAuthenticator", {
      options: { protocol: "ctap2", transport: "internal", hasResidentKey: true, hasUserVerification: true, isUserVerified: true, automaticPresenceSimulation: true },
    });
    const { body } = await this.#mandate.api("POST", `/people/${email}/sign-in-links`, {});
    await page.goto(String(body.url).replace(/^http:\/\/[^/]+/, this.base));
    await page.getByRole("button", { name: "Add a passkey" }).click();
    await page.getByText(/passkey (?:is )?added|can sign/i).first().waitFor();
    return new AtDesk(this.base, context, page);
  }

  quiet(): void {
    const seen = this.#troubles;
    this.#troubles = [];
    expect(seen, "console errors and page errors").toEqual([]);
  }

  close(): Promise<void> {
    return this.#browser.close();
  }
}

/** A person at a desk: own browser profile, own authenticator. Counts what the person does. */
export class AtDesk {
  readonly page: Page;
  readonly context: BrowserContext;
  done = 0;
  readonly #base: string;

  constructor(base: string, context: BrowserContext, page: Page) {
    this.#base = base;
    this.context = context;
    this.page = page;
  }

  async open(path: string): Promise<void> {
    this.done++;
    await this.page.goto(this.#base + path, { waitUntil: "domcontentloaded" });
    await this.page.locator("h1").first().waitFor();
  }

  async press(name: string | RegExp): Promise<void> {
    this.done++;
    await this.page.getByRole("button", { name }).last().click();
  }

  async follow(name: string): Promise<void> {
    this.done++;
    await this.page.getByRole("link", { name, exact: true }).first().click();
  }

  async fill(label: string, value: string): Promise<void> {
    this.done++;
    await this.page.getByLabel(label, { exact: true }).last().fill(value);
  }

  /** WCAG 2.2 A and AA in both themes; no sideways scroll from a phone to a desk. */
  async accessible(): Promise<void> {
    for (const colorScheme of ["light", "dark"] as const) {
      await this.page.emulateMedia({ colorScheme, reducedMotion: "reduce" });
      await this.page.evaluate(axe);
      const found = await this.page.evaluate(`axe.run(document, { runOnly: ["wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "wcag22aa"] })
        .then((result) => result.violations.map((one) => location.pathname + " " + one.id + ": " + one.nodes.map((node) => node.target.join(" ")).join(", ")))`);
      expect(found).toEqual([]);
    }
    for (const width of [320, 390, 768, 1280]) {
      await this.page.setViewportSize({ width, height: 900 });
      expect(await this.page.evaluate("document.documentElement.scrollWidth - document.documentElement.clientWidth"), `at ${width}`).toBe(0);
    }
  }
}
