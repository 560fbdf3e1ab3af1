import chromium from "@sparticuz/chromium";
import { chromium as playwright } from "playwright-core";
import type { Browser } from "playwright-core";

/** The Chromium inside the npm package; `MANDATE_CHROME` names an installed one instead. */
export async function openBrowser(): Promise<Browser> {
  const own = process.env["MANDATE_CHROME"];
  return await playwright.launch({
    executablePath: own ?? (await chromium.executablePath()),
    args:
      own === undefined
        ? [
            ...chromium.args.filter((arg) => arg !== "--single-process" && arg !== "--no-zygote"),
            "--no-sandbox",
            "--disable-gpu",
            "--disable-dev-shm-usage",
          ]
        : [],
    headless: true,
  });
}
