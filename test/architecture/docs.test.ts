import { readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { refusals } from "@mandate/model";
import { guardrailIds, guardrailsCedar } from "@mandate/policy";
import { describe, expect, test } from "vitest";
import { codesIn, documentedCodes, undocumented } from "./error-codes.ts";
import { guardrailRows } from "./guardrail-rows.ts";

const root = join(import.meta.dirname, "../..");
const errors = readFileSync(join(root, "docs/errors.md"), "utf8");

test.each(Object.entries(refusals))("docs/errors.md has one line for %s with its status", (code, status) => {
  expect(errors).toContain(`| \`${code}\` | ${status} |`);
});

describe("docs/errors.md", () => {
  const sources = ["server", "gateway", "policy", "model"].flatMap((name) => {
    const folder = join(root, "packages", name, "src");
    return readdirSync(folder, { recursive: true, encoding: "utf8" })
      .filter((path) => path.endsWith(".ts") && !/\.test\.ts$|(^|\/)testing\/|(^|\/)sample\/provider\//.test(path))
      .map((path) => readFileSync(join(folder, path), "utf8"));
  });

  test("has a line for every code that the sources can answer", () => {
    expect(sources.flatMap(codesIn).length).toBeGreaterThan(100);
    expect(undocumented(sources, errors)).toEqual([]);
  });

  test.each([
    'throw new AppError({ code: "planted.code", status: 400 })',
    'throw new AppError({\n  status: 400,\n  code: "planted.code",\n})',
    'return refuse("planted.code", "x", "y")',
    'base(400, "planted.code", "x")',
    'report(\n  "planted.code",\n)',
    "const edgeStatus = { planted_code: 404 } as const;",
  ])("lacks a planted code, and the check says so: %s", (source) => {
    expect(undocumented([source], errors)).toHaveLength(1);
  });

  test("has each code once in a table", () => {
    const codes = documentedCodes(errors);
    expect(codes.filter((code, at) => codes.indexOf(code) !== at)).toEqual([]);
  });
});

test("docs/policies.md lists the guardrails that are enforced, with their words", () => {
  const rows = guardrailRows(guardrailsCedar);
  expect(rows.map((row) => row.split("`")[1])).toEqual(guardrailIds);
  const page = readFileSync(join(root, "docs/policies.md"), "utf8");
  expect(page.split("\n").filter((line) => /^\| `[a-z0-9-]+` \| `[a-z_]+` \| /.test(line))).toEqual(rows);
});
