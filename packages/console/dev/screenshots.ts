import { mkdirSync } from "node:fs";
import { join } from "node:path";
import { openBrowser } from "./browser.ts";
import { serveBuilt } from "./serve-built.ts";

// `node packages/console/dev/screenshots.ts OUT [PAGE…]`: each page, both themes, desktop and phone, for people to compare.
const pages: Record<string, string> = {
  overview: "/",
  systems: "/systems",
  system: "/systems/support-concierge",
  approvals: "/approvals",
  approve: "/approve/apr_1",
  evidence: "/evidence/dec_6xv",
  check: "/check",
  findings: "/findings",
  credentials: "/credentials",
  models: "/models",
  register: "/register",
  settings: "/settings",
  policies: "/policies",
  "sign-in": "/sign-in",
};
const [out = "screenshots", ...only] = process.argv.slice(2);
mkdirSync(out, { recursive: true });
const server = await serveBuilt(join(import.meta.dirname, "../dist"));
const browser = await openBrowser();
for (const theme of ["light", "dark"] as const) {
  for (const width of [1440, 390]) {
    const context = await browser.newContext({
      viewport: { width, height: width === 390 ? 844 : 900 },
      colorScheme: theme,
      deviceScaleFactor: 1,
    });
    const page = await context.newPage();
    page.on("console", (message) => {
      if (message.type() === "error") process.stderr.write(`${message.text()}\n`);
    });
    for (const [name, path] of Object.entries(pages)) {
      if (only.length > 0 && !only.includes(name)) continue;
      await page.goto(server.url + path);
      await page.waitForSelector("h1");
      await page.waitForTimeout(250);
      await page.screenshot({ path: join(out, `${name}-${width}-${theme}.png`), fullPage: true });
    }
    await context.close();
  }
}
await browser.close();
await server.close();
