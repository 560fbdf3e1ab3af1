import { readFileSync } from "node:fs";
import { createRequire } from "node:module";
import { join } from "node:path";
import { gzipSync } from "node:zlib";
import type { Browser, BrowserContext, Page } from "playwright-core";
import { build } from "vite";
import { afterAll, beforeAll, describe, expect, it, vi } from "vitest";
import { openBrowser } from "../dev/browser.ts";
import { decisions } from "../dev/sample.ts";
import { serveBuilt } from "../dev/serve-built.ts";

const root = join(import.meta.dirname, "..");
const dist = join(root, "node_modules/.cache/console-test");
const axe = readFileSync(createRequire(import.meta.url).resolve("axe-core/axe.min.js"), "utf8");
const denied = decisions.find((item) => item.code === "data_boundary")?.id ?? "";
const paths = [
  "/",
  "/systems",
  "/systems/support-concierge",
  "/approvals",
  "/approve/apr_1",
  `/evidence/${denied}`,
  "/check",
  "/findings",
  "/credentials",
  "/tools",
  "/register",
  "/settings",
  "/settings?tab=sign-in",
  "/settings?tab=notifications",
  "/settings?tab=rules",
  "/settings?tab=evidence",
  "/settings?tab=emergency",
  "/settings?tab=sample",
  "/account",
  "/risks",
  "/reviews",
  "/documents",
  "/import",
  "/exceptions",
  "/incidents",
  "/reassessments",
  "/legal-reviews",
  "/frameworks",
  "/frameworks?key=eu-ai-act",
  "/frameworks?control=GATE-05",
  "/reports?kind=governance",
  "/systems/support-concierge/promotion",
  "/models",
  "/models/claude-sonnet-4-5",
  "/tools/orders.lookup",
  "/mcp-servers",
  "/mcp-servers/orders",
  "/prompts",
  "/prompts/concierge",
  "/agents",
  "/agents/returns-helper",
  "/datasets",
  "/datasets/order-history",
  "/destinations",
  "/destinations/zendesk-eu",
  "/vendors",
  "/vendors/anthropic",
  "/reassessments/rea_1",
  "/policies",
  "/policies/support-concierge",
  "/reach",
  "/sign-in",
];

let browser: Browser;
let server: Awaited<ReturnType<typeof serveBuilt>>;
let context: BrowserContext;
let page: Page;
let troubles: string[] = [];

beforeAll(async () => {
  // The test runner's own environment would build React for development, a third larger than what people load.
  vi.stubEnv("NODE_ENV", "production");
  await build({
    root,
    configFile: join(root, "vite.config.ts"),
    logLevel: "error",
    build: { outDir: dist, emptyOutDir: true },
  });
  vi.unstubAllEnvs();
  server = await serveBuilt(dist);
  browser = await openBrowser();
  context = await browser.newContext({ viewport: { width: 1440, height: 900 } });
  page = await context.newPage();
  watch(page);
}, 60_000);
afterAll(async () => {
  await browser?.close();
  await server?.close();
});

/** A test ends with none of these. */
function watch(on: Page): void {
  on.setDefaultTimeout(15_000);
  on.on("console", (message) => {
    if (message.type() === "error") troubles.push(`${on.url()}: ${message.text()} (${message.location().url})`);
  });
  on.on("pageerror", (error) => troubles.push(`${on.url()}: ${error.message}`));
  on.on("request", (request) => {
    if (!request.url().startsWith(server.url) && !/^(blob|data):/.test(request.url()))
      troubles.push(`left the origin: ${request.url()}`);
  });
}

async function open(path: string, scene = "full", on = page): Promise<void> {
  await setScene(scene);
  await on.goto(server.url + path, { waitUntil: "domcontentloaded" });
  await on.waitForSelector("h1, [role=alert]");
  await on.waitForFunction(() => document.querySelector(".skeleton") === null);
}
let sceneSet = "";
async function setScene(scene: string): Promise<void> {
  if (scene === sceneSet) return;
  await context.clearCookies();
  await context.addCookies([{ name: "scene", value: scene, url: server.url }]);
  sceneSet = scene;
}

/** Every path, on two tabs at once: one for each core that the smallest machine has. @returns what was found, in no order */
async function eachPath(size: { width: number; height: number }, look: (path: string, on: Page) => Promise<readonly string[]>, theme: "light" | "dark" = "light"): Promise<string[]> {
  const left = [...paths];
  const found: string[] = [];
  await setScene("full");
  const tab = async (on: Page): Promise<void> => {
    await on.emulateMedia({ colorScheme: theme });
    await on.setViewportSize(size);
    for (let path = left.shift(); path !== undefined; path = left.shift()) {
      await open(path, "full", on);
      found.push(...(await look(path, on)));
    }
  };
  const second = await context.newPage();
  watch(second);
  try {
    await Promise.all([tab(page), tab(second)]);
  } finally {
    await second.close();
  }
  return found;
}

async function violations(on = page): Promise<string[]> {
  await on.evaluate(axe);
  return await on.evaluate(async () => {
    interface Result {
      violations: { id: string; nodes: { target: unknown[]; failureSummary?: string }[] }[];
    }
    const run = (window as unknown as { axe: { run: (context: Document, options: object) => Promise<Result> } }).axe;
    const result = await run.run(document, { runOnly: ["wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "wcag22aa"] });
    return result.violations.map(
      (found) =>
        `${location.pathname} ${found.id}: ${found.nodes
          .slice(0, 3)
          .map((node) => `${String(node.target[0])} ${(node.failureSummary ?? "").slice(0, 160)}`)
          .join(" | ")}`,
    );
  });
}

describe("budgets", () => {
  it("the first page fetches at most 230 KiB of script, 20 of style and 80 of fonts, and no script is inline", async () => {
    const fetched = new Set<string>();
    const note = (request: { url(): string }): void => void fetched.add(new URL(request.url()).pathname);
    page.on("request", note);
    await open("/");
    await page.getByRole("heading", { name: "Needs you" }).waitFor();
    await page.waitForLoadState("load");
    page.off("request", note);
    const bytes = (end: string, size: (content: Buffer) => number): number =>
      [...fetched].filter((path) => path.endsWith(end)).reduce((sum, path) => sum + size(readFileSync(join(dist, path))), 0);
    const gzip = (content: Buffer): number => gzipSync(content).length;
    const script = bytes(".js", gzip);
    expect(script).toBeGreaterThan(50 * 1024);
    expect(script).toBeLessThan(230 * 1024);
    const style = bytes(".css", gzip);
    expect(style).toBeGreaterThan(1024);
    expect(style).toBeLessThan(20 * 1024);
    expect(bytes(".woff2", (content) => content.length)).toBeLessThan(80 * 1024);
    expect(readFileSync(join(dist, "index.html"), "utf8")).not.toMatch(/<script(?![^>]*src=)|style=|\son\w+=/);
  });
});

describe("each page", () => {
  it.each(["light", "dark"] as const)(
    "has no accessibility violation in the %s theme",
    async (theme) => {
      expect(await eachPath({ width: 1440, height: 900 }, (_path, on) => violations(on), theme)).toEqual([]);
    },
    180_000,
  );

  it.each([320, 390, 768])(
    "does not scroll sideways at %i px, and a phone's layout has no violation",
    async (width) => {
      const found = await eachPath({ width, height: 844 }, async (path, on) => {
        const over = await on.evaluate(() => document.documentElement.scrollWidth - innerWidth);
        return [...(over > 0 ? [`${path} by ${over}`] : []), ...(width === 390 ? await violations(on) : [])];
      });
      expect(found).toEqual([]);
    },
    180_000,
  );

  it.each(["empty", "error"])(
    "says what stands when the answers are %s, without a violation",
    async (scene) => {
      await page.setViewportSize({ width: 1440, height: 900 });
      const found: string[] = [];
      for (const path of ["/", "/systems", "/approvals", "/evidence", "/check", "/credentials", "/settings", "/settings?tab=rules", "/settings?tab=emergency", "/exceptions", "/risks", "/incidents", "/models", "/vendors"]) {
        await open(path, scene);
        if (scene === "error") expect(await page.getByText("req_01sample").count()).toBeGreaterThan(0);
        found.push(...(await violations()));
      }
      troubles = troubles.filter((text) => !text.includes("status of 500"));
      expect(found).toEqual([]);
    },
    180_000,
  );
});

describe("what a person does", () => {
  it("the proof of an entry is recomputed and matches; a changed byte fails", async () => {
    await open("/check");
    await page.getByText("Tree head signed by this log's key").waitFor();
    await page.getByText(/With byte 20 changed, the same proof fails/).waitFor();
  });
  it("an approval needs a reason before either button acts", async () => {
    await open("/approve/apr_1");
    let asked = 0;
    page.on("request", (request) => {
      if (request.method() === "POST") asked += 1;
    });
    await page.getByRole("button", { name: "Approve once" }).click();
    await page.getByText("Say why first.").waitFor();
    expect(asked).toBe(0);
    await page.getByLabel("Reason").fill("9 days late, fair");
    const sent = page.waitForRequest((request) => request.url().endsWith("/approvals/apr_1/approve"));
    await page.getByRole("button", { name: "Approve once" }).click();
    const request = await sent;
    expect(request.headers()["x-mandate-csrf"]).toBe("sample");
    expect(request.postDataJSON()).toEqual({ reason: "9 days late, fair" });
  });
  it("a secret of a sign-in link leaves the address bar and is spent once", async () => {
    let spent = 0;
    const counting = (request: { url(): string }): void => {
      if (request.url().endsWith("/session/sign-in")) spent += 1;
    };
    page.on("request", counting);
    await open("/sign-in#link=msl_secret");
    expect(page.url()).not.toContain("msl_secret");
    await page.getByRole("link", { name: "Go to the overview" }).waitFor();
    expect(spent).toBe(1);
    page.off("request", counting);
  });
  it("find goes to a system by keyboard alone", async () => {
    await open("/");
    await page.getByRole("link", { name: "Register a system" }).first().waitFor();
    await page.keyboard.press("Control+k");
    await page.getByRole("combobox", { name: "Find" }).fill("support");
    await page.getByRole("option", { name: /Support Concierge/ }).waitFor();
    await page.keyboard.press("Enter");
    await page.waitForURL(/\/systems\/support-concierge$/);
  });
  it("a cut network turns the live dot hollow within seconds and says the time of the last figure", async () => {
    await open("/systems/support-concierge");
    await page.locator(".dot-live").waitFor();
    await context.setOffline(true);
    await page.locator(".dot-stale").waitFor();
    await page.getByText(/^Last figures \d\d:\d\d:\d\d UTC$/).waitFor();
    await context.setOffline(false);
    await page.locator(".dot-live").waitFor();
    troubles = troubles.filter((text) => !text.includes("ERR_INTERNET_DISCONNECTED"));
  });
  it("a held call is answered by keyboard alone", async () => {
    await open("/approve/apr_1");
    const reach = async (name: RegExp): Promise<void> => {
      for (let presses = 0; presses < 40; presses += 1) {
        await page.keyboard.press("Tab");
        const focused = await page.evaluate(() => {
          const at = document.activeElement;
          return `${at?.getAttribute("aria-label") ?? ""} ${at?.id ?? ""} ${at?.textContent ?? ""}`;
        });
        if (name.test(focused)) return;
      }
      throw new Error(`Tab never reached ${name.source}`);
    };
    await reach(/reason/);
    await page.keyboard.type("9 days late, fair");
    const sent = page.waitForRequest((request) => request.url().endsWith("/approvals/apr_1/approve"));
    await reach(/Approve once/);
    await page.keyboard.press("Enter");
    expect((await sent).postDataJSON()).toEqual({ reason: "9 days late, fair" });
  });
  it("Escape closes a dialog, and focus goes back to what opened them", async () => {
    await page.setViewportSize({ width: 1440, height: 900 });
    await open("/systems/support-concierge");
    const suspend = page.getByRole("button", { name: "Suspend" });
    await suspend.focus();
    await page.keyboard.press("Enter");
    await page.getByRole("dialog").waitFor();
    await page.keyboard.press("Escape");
    await page.getByRole("dialog").waitFor({ state: "detached" });
    expect(await suspend.evaluate((node) => node === document.activeElement)).toBe(true);
  });
  it("at twice the text, without motion and with forced colors no page scrolls sideways", async () => {
    await page.emulateMedia({ reducedMotion: "reduce", forcedColors: "active" });
    // 1280 px at 200 % are 640 px of layout.
    await page.setViewportSize({ width: 640, height: 450 });
    for (const path of ["/", "/systems/support-concierge", "/settings", `/evidence/${denied}`, "/approve/apr_1"]) {
      await open(path);
      expect(await page.evaluate(() => document.documentElement.scrollWidth - innerWidth), path).toBeLessThanOrEqual(0);
    }
    await page.emulateMedia({ reducedMotion: "no-preference", forcedColors: "none" });
    await page.setViewportSize({ width: 1440, height: 900 });
  });
  it("an ended session is said on the page, which keeps what was written", async () => {
    await context.clearCookies();
    const own = await context.newPage();
    await own.clock.install();
    await own.goto(`${server.url}/register`);
    await own.getByLabel("Name", { exact: true }).fill("Invoice Reader");
    await context.addCookies([{ name: "scene", value: "signed-out", url: server.url }]);
    await own.clock.fastForward(120_000);
    await own.evaluate(() => document.dispatchEvent(new Event("visibilitychange", { bubbles: true })));
    await own.getByText("Your session has ended. What you wrote stays on this page.").waitFor();
    expect(await own.getByLabel("Name", { exact: true }).inputValue()).toBe("Invoice Reader");
    await context.clearCookies();
    await own.getByRole("button", { name: "I have signed in" }).click();
    await own.getByText("Your session has ended. What you wrote stays on this page.").waitFor({ state: "detached" });
    expect(await own.getByLabel("Name", { exact: true }).inputValue()).toBe("Invoice Reader");
    await own.close();
    troubles = troubles.filter((text) => !text.includes("status of 401"));
  });
  it("nothing was written to the console's error log, no script or style was blocked, nothing left the origin", () => {
    expect(troubles).toEqual([]);
  });
});
