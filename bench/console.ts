/**
 * The console beside 500 systems and 1,000,000 decisions: largest paint of its main pages, and from a filter to the first row.
 * A real server, a real Chromium, both on this machine; the console is built first.
 *
 *   node bench/console.ts [DECISIONS] [SYSTEMS]
 */
import { execFileSync } from "node:child_process";
import { join } from "node:path";
import type { Page } from "playwright-core";
import { openBrowser } from "../packages/console/dev/browser.ts";
import { addSystemsLike } from "../packages/server/src/testing/many-systems.ts";
import { startTestServer } from "../packages/server/src/testing/running-server.ts";
import { loadDecisions, stepMs } from "./seed/decisions.ts";
import { manifestOf, model } from "./seed/systems.ts";

const decisions = Number(process.argv[2] ?? 1_000_000);
const systems = Number(process.argv[3] ?? 500);
const visits = 5;
const paintTargetMs = 1_500;
const filterTargetMs = 300;
const pages = ["/", "/systems", "/systems/system-7", "/evidence", "/approvals", "/findings", "/policies", "/models", "/reach", "/frameworks", "/reports?kind=governance"];

execFileSync("npm", ["run", "build", "-w", "@mandate/console"], { cwd: join(import.meta.dirname, ".."), stdio: "ignore" });
const control = await startTestServer();
const browser = await openBrowser();
const ask = async (method: string, path: string, body?: unknown) => {
  const reply = await control.request(method, `/api/v1${path}`, body === undefined ? {} : { body });
  if (reply.status >= 300) throw new Error(`${method} ${path}: ${reply.status} ${reply.text.slice(0, 300)}`);
  return reply.body;
};
const median = (values: readonly number[]): number => values.toSorted((a, b) => a - b)[Math.floor(values.length / 2)]!;
const said = (values: readonly number[]): string => `median ${median(values).toFixed(0).padStart(5)} ms   worst ${Math.max(...values).toFixed(0).padStart(5)} ms`;

/** What runs in the page knows a document; this program's types don't. */
declare const document: { querySelector(selector: string): { getAttribute(name: string): string | null } | null };

async function settled(page: Page): Promise<void> {
  await page.locator("h1").first().waitFor();
  await page.waitForFunction(() => document.querySelector(".skeleton") === null);
}

/** @returns milliseconds from the navigation to the largest paint, once nothing on the page waits any more */
async function paint(page: Page, path: string): Promise<number> {
  await page.goto(control.url + path, { waitUntil: "domcontentloaded" });
  await settled(page);
  return page.evaluate(
    () =>
      new Promise<number>((resolve) => {
        let last = 0;
        // The type is a browser's, which Node's own list of types lacks.
        const options: object = { type: "largest-contentful-paint", buffered: true };
        new PerformanceObserver((list) => {
          for (const entry of list.getEntries()) last = Math.max(last, entry.startTime);
        }).observe(options as { type: "mark" });
        setTimeout(() => resolve(last), 250);
      }),
  );
}

let missed = 0;
try {
  await ask("POST", "/apply", model);
  await ask("POST", "/apply", manifestOf(0, 20));
  await addSystemsLike(control.db, control.server.org, "system-0", 20, systems);
  const began = performance.now();
  await loadDecisions(control.db, control.server.org, decisions, Date.now() - decisions * stepMs);
  console.log(`${systems} systems; ${decisions.toLocaleString("en")} decisions loaded in ${Math.round((performance.now() - began) / 1000)} s`);
  await control.server.publisher.refresh();

  const context = await browser.newContext({ viewport: { width: 1440, height: 900 } });
  const page = await context.newPage();
  page.setDefaultTimeout(60_000);
  const { url } = (await ask("POST", "/people/bea%40halden.example/sign-in-links", {})) as { url: string };
  await page.goto(`${control.url}/sign-in${new URL(url).hash}`);
  await page.getByRole("link", { name: "Go to the overview" }).waitFor();
  for (const path of pages) {
    const times: number[] = [];
    for (let visit = 0; visit < visits; visit++) times.push(await paint(page, path));
    if (median(times) > paintTargetMs) missed++;
    console.log(`largest paint of ${path.padEnd(26)} ${said(times)}   first ${times[0]!.toFixed(0).padStart(5)} ms`);
  }

  const filtered: number[] = [];
  for (let round = 0; round < visits * 2; round++) {
    await page.goto(`${control.url}/evidence`);
    await settled(page);
    const before = await page.locator("a.time-link").first().getAttribute("href");
    const from = performance.now();
    await page.getByLabel("Decision", { exact: true }).selectOption({ label: round % 2 === 0 ? "Denied" : "Held" });
    await page.waitForFunction((known) => ![null, undefined, known].includes(document.querySelector("a.time-link")?.getAttribute("href")), before);
    filtered.push(performance.now() - from);
  }
  if (median(filtered) > filterTargetMs) missed++;
  console.log(`from a filter to its first row        ${said(filtered)}`);
  console.log(`targets: largest paint ${paintTargetMs} ms, filter to first row ${filterTargetMs} ms: ${missed === 0 ? "met" : `${missed} missed`}`);
} finally {
  await browser.close();
  await control.close();
}
process.exitCode = missed === 0 ? 0 : 1;
