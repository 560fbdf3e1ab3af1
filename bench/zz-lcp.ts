import { openBrowser } from "../packages/console/dev/browser.ts";
const url = process.argv[2]!, path = process.argv[3]!;
const browser = await openBrowser();
const r = await fetch(`${url}/api/v1/people/bea%40halden.example/sign-in-links`, { method: "POST", headers: { authorization: "Bearer bootstrap-token-for-tests-0123456789abcd", "content-type": "application/json" }, body: "{}" });
const { url: link } = await r.json() as { url: string };
const page = await (await browser.newContext({ viewport: { width: 1440, height: 900 } })).newPage();
await page.goto(`${url}/sign-in${new URL(link).hash}`);
await page.getByRole("link", { name: "Go to the overview" }).waitFor();
for (let i = 0; i < 3; i++) {
  const t0 = Date.now();
  page.removeAllListeners("requestfinished");
  page.on("requestfinished", (q) => { if (q.url().includes("/api/")) console.log("   ", Date.now() - t0, q.url().replace(url, ""), Math.round(q.timing().responseEnd)); });
  await page.goto(url + path, { waitUntil: "domcontentloaded" });
  await page.locator("h1").first().waitFor();
  await page.waitForTimeout(3000);
  console.log(await page.evaluate(() => new Promise((resolve) => { new PerformanceObserver((l) => resolve(l.getEntries().map((e: any) => [Math.round(e.startTime), e.size, e.element?.tagName + "." + e.element?.className, e.element?.textContent?.slice(0, 80)]))).observe({ type: "largest-contentful-paint", buffered: true } as never); })));
}
await page.screenshot({ path: "/tmp/zz-findings.png" });
await browser.close();
