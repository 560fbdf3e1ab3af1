import { readFileSync } from "node:fs";
import { join } from "node:path";
import { refusals } from "@mandate/model";
import { expect, test } from "vitest";

const errors = readFileSync(join(import.meta.dirname, "../../docs/errors.md"), "utf8");

test.each(Object.entries(refusals))("docs/errors.md has one line for %s with its status", (code, status) => {
  expect(errors).toContain(`| \`${code}\` | ${status} |`);
});
