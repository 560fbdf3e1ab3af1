import { execFile } from "node:child_process";
import { existsSync, readFileSync } from "node:fs";
import { mkdir, mkdtemp, rename, rm } from "node:fs/promises";
import { join } from "node:path";
import { promisify } from "node:util";
import chromium from "@sparticuz/chromium";
import { chromium as playwright } from "playwright-core";
import type { Browser } from "playwright-core";

const entry = import.meta.resolve("@sparticuz/chromium");
const { version } = JSON.parse(readFileSync(new URL("../package.json", entry), "utf8")) as { version: string };
const unpacked = join(import.meta.dirname, `../../../node_modules/.cache/mandate/chromium-${version}`);

/** The Chromium inside the npm package; `MANDATE_CHROME` names an installed one instead. */
export async function openBrowser(): Promise<Browser> {
  const own = process.env["MANDATE_CHROME"];
  return await playwright.launch({
    executablePath: own ?? (await unpackBrowser(unpacked)),
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

/**
 * The package unpacks to `/tmp/chromium` and takes whatever it finds there: another user's, which can't be run and
 * shouldn't be trusted, or one that a test beside it is still writing. So a process of its own unpacks to a folder of
 * its own, which then takes its place at once.
 * @returns path of the binary
 */
export async function unpackBrowser(directory: string): Promise<string> {
  const binary = join(directory, "chromium");
  if (existsSync(binary)) return binary;
  await mkdir(join(directory, ".."), { recursive: true });
  const scratch = await mkdtemp(`${directory}-`);
  const program = `import chromium from ${JSON.stringify(entry)}; await chromium.executablePath()`;
  await promisify(execFile)(process.execPath, ["--input-type=module", "-e", program], {
    env: { ...process.env, TMPDIR: scratch },
  });
  await rename(scratch, directory).catch(async (error: NodeJS.ErrnoException) => {
    await rm(scratch, { recursive: true, force: true });
    if (!existsSync(binary)) throw error;
  });
  return binary;
}
