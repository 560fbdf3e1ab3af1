import { readFileSync, writeFileSync } from "node:fs";
import { expect, test } from "vitest";
import { referencePage } from "./reference-page.ts";

const file = new URL("../../../docs/cli.md", import.meta.url);

test("docs/cli.md says what the commands say", () => {
  if (process.env.MANDATE_UPDATE_DOCS === "1") writeFileSync(file, referencePage());
  expect(readFileSync(file, "utf8")).toBe(referencePage());
});
