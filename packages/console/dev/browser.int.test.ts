import { existsSync, mkdtempSync, readdirSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, expect, it } from "vitest";
import { unpackBrowser } from "./browser.ts";

const home = mkdtempSync(join(tmpdir(), "mandate-browser-"));
afterEach(() => rmSync(home, { recursive: true, force: true }));

it("two tests that start cold share one whole browser, and neither takes another user's", async () => {
  const paths = await Promise.all([unpackBrowser(join(home, "chromium")), unpackBrowser(join(home, "chromium"))]);
  expect(new Set(paths)).toEqual(new Set([join(home, "chromium/chromium")]));
  expect(existsSync(join(home, "chromium/libGLESv2.so"))).toBe(true);
  expect(readdirSync(home), "nothing half written is left").toEqual(["chromium"]);
}, 60_000);
