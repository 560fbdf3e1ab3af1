import { readFileSync } from "node:fs";
import { glob } from "node:fs/promises";
import { expect, test } from "vitest";

/** What people read: pages, console, command line, reference data, reports. Code of the policy engine speaks Cedar's own words. */
const read = ["README.md", "CHANGELOG.md", "docs/**/*.md", "packages/console/src/**/*.{ts,tsx}", "packages/cli/src/**/*.ts", "packages/frameworks/{data,src}/**/*.{yaml,ts}", "packages/server/src/{controls,frameworks,reports,gates,overview}/**/*.ts"];
// OSCAL's word for a gap says the opposite.
const claim = /(?<!not-)\b(?:compliant|certified|satisfied)\b/i;

/** The one file that names the words, so that exports are searched for them. */
const wordList = "packages/frameworks/src/exports/check/verdicts.ts";

async function claims(patterns: readonly string[], texts: (path: string) => string): Promise<string[]> {
  const found: string[] = [];
  for await (const path of glob([...patterns])) {
    if (path.endsWith(".test.ts") || path.includes("/testing/") || path === wordList) continue;
    texts(path).split("\n").forEach((line, index) => {
      if (claim.test(line)) found.push(`${path}:${index + 1} ${line.trim().slice(0, 120)}`);
    });
  }
  return found;
}

test("G9: no text says compliant, certified or satisfied", async () => {
  expect(await claims(read, (path) => readFileSync(path, "utf8"))).toEqual([]);
});

test("the search finds a planted claim", async () => {
  expect(await claims(["README.md"], () => "Mandate makes you Compliant.\nIt measures.")).toEqual(["README.md:1 Mandate makes you Compliant."]);
});
