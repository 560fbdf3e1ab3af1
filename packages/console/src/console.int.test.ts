import { readdirSync, readFileSync, statSync } from "node:fs";
import { createRequire } from "node:module";
import { join } from "node:path";
import { gzipSync } from "node:zlib";
import type { Browser, BrowserContext, Page } from "playwright-core";
import { build } from "vite";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
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
  "/policies",
  "/sign-in",
];

let browser: Browser;
let server: Awaited<ReturnType<typeof serveBuilt>>;
let context: BrowserContext;
let page: Page;
let troubles: string[] = [];

beforeAll(async () => {
  await build({
    root,
    configFile: join(root, "vite.config.ts"),
    logLevel: "error",
    build: { outDir: dist, emptyOutDir: true },
  });
  server = await serveBuilt(dist);
  browser = await openBrowser();
  context = await browser.newContext({ viewport: { width: 1440, height: 900 } });
  page = await context.newPage();
  page.setDefaultTimeout(8000);
  page.on("console", (message) => {
    if (message.type() === "error") troubles.push(`${page.url()}: ${message.text()}`);
  });
  page.on("pageerror", (error) => troubles.push(`${page.url()}: ${error.message}`));
  page.on("request", (request) => {
    if (!request.url().startsWith(server.url) && !/^(blob|data):/.test(request.url()))
      troubles.push(`left the origin: ${request.url()}`);
  });
}, 60_000);
afterAll(async () => {
  await browser?.close();
  await server?.close();
});

async function open(path: string, scene = "full"): Promise<void> {
  await context.clearCookies();
  await context.addCookies([{ name: "scene", value: scene, url: server.url }]);
  await page.goto(server.url + path, { waitUntil: "domcontentloaded" });
  await page.waitForSelector("h1, [role=alert]");
  await page.waitForFunction(() => document.querySelector(".skeleton") === null);
}
async function violations(): Promise<string[]> {
  await page.evaluate(axe);
  return await page.evaluate(async () => {
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
  it("first load stays inside 230 KiB of script, 20 of style, 80 KB of fonts", () => {
    const files = readdirSync(join(dist, "assets"));
    const gzip = (name: string): number => gzipSync(readFileSync(join(dist, "assets", name))).length;
    const html = readFileSync(join(dist, "index.html"), "utf8");
    const first = files
      .filter((name) => name.endsWith(".js") && html.includes(name))
      .reduce((sum, name) => sum + gzip(name), 0);
    expect(first).toBeGreaterThan(50_000);
    expect(first).toBeLessThan(230 * 1024);
    expect(files.filter((name) => name.endsWith(".css")).reduce((sum, name) => sum + gzip(name), 0)).toBeLessThan(
      20 * 1024,
    );
    expect(
      files
        .filter((name) => name.endsWith(".woff2"))
        .reduce((sum, name) => sum + statSync(join(dist, "assets", name)).size, 0),
    ).toBeLessThan(80_000);
    expect(html).not.toMatch(/<script(?![^>]*src=)|style=|\son\w+=/);
  });
});

describe("each page", () => {
  it.each(["light", "dark"] as const)(
    "has no accessibility violation in the %s theme",
    async (theme) => {
      await page.emulateMedia({ colorScheme: theme });
      await page.setViewportSize({ width: 1440, height: 900 });
      const found: string[] = [];
      for (const path of paths) {
        await open(path);
        found.push(...(await violations()));
      }
      expect(found).toEqual([]);
    },
    60_000,
  );

  it.each([320, 390, 768])(
    "does not scroll sideways at %i px",
    async (width) => {
      await page.setViewportSize({ width, height: 844 });
      const wide: string[] = [];
      for (const path of paths) {
        await open(path);
        const over = await page.evaluate(() => document.documentElement.scrollWidth - innerWidth);
        if (over > 0) wide.push(`${path} by ${over}`);
      }
      expect(wide).toEqual([]);
    },
    60_000,
  );

  it.each(["empty", "error"])(
    "says what stands when the answers are %s, without a violation",
    async (scene) => {
      await page.setViewportSize({ width: 1440, height: 900 });
      const found: string[] = [];
      for (const path of ["/", "/systems", "/approvals", "/evidence", "/check", "/credentials", "/settings"]) {
        await open(path, scene);
        if (scene === "error") expect(await page.getByText("req_01sample").count()).toBeGreaterThan(0);
        found.push(...(await violations()));
      }
      troubles = troubles.filter((text) => !text.includes("status of 500"));
      expect(found).toEqual([]);
    },
    60_000,
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
  it("nothing was written to the console's error log, no script or style was blocked, nothing left the origin", () => {
    expect(troubles).toEqual([]);
  });
});
