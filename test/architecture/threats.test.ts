import { existsSync, readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { expect, test } from "vitest";
import { documentedCodes } from "./error-codes.ts";
import { declaresTest, threatRows } from "./threat-rows.ts";

const root = join(import.meta.dirname, "../..");
const rows = threatRows(readFileSync(join(root, "docs/evidence.md"), "utf8"));

/** Everything that the log's design says can be done to it. */
const threats = ["a row edited", "tail deleted", "forked view", "old backup restored", "key stolen", "clock moved", "event dropped before logging", 'evidence shredded as "erasure"', "operator and all witnesses collude"];

test("docs/evidence.md has every threat, each with an attack, what detects it and what it says", () => {
  expect([...new Set(rows.map((row) => row.threat))]).toEqual(threats);
  for (const row of rows) for (const cell of [row.attack, row.detectedBy, row.says]) expect(cell, row.attack).not.toBe("");
});

test("each attack is carried out by a test of exactly that title; what nobody carries out is called out of scope", () => {
  for (const { attack, test: where } of rows) {
    if (where === null) {
      expect(attack).toContain("out of scope");
      continue;
    }
    const path = join(root, where.path);
    expect(existsSync(path), where.path).toBe(true);
    expect(declaresTest(readFileSync(path, "utf8"), where.title), `${where.path}: ${where.title}`).toBe(true);
  }
});

test("each code that the table names is one that docs/errors.md explains, or that the sources answer", () => {
  const known = new Set(documentedCodes(readFileSync(join(root, "docs/errors.md"), "utf8")));
  const sources = ["ledger", "server"].flatMap((name) => readdirSync(join(root, "packages", name, "src"), { recursive: true, encoding: "utf8" }).filter((path) => path.endsWith(".ts") && !path.endsWith(".test.ts")).map((path) => readFileSync(join(root, "packages", name, "src", path), "utf8")));
  const named = rows.flatMap((row) => [...row.says.matchAll(/`([a-z_]+\.[a-z_]+)`/g)].map((match) => match[1]!));
  expect(named.length).toBeGreaterThan(10);
  expect(named.filter((code) => !known.has(code) && !sources.some((source) => source.includes(`"${code}"`)))).toEqual([]);
});

test("a renamed test is noticed", () => {
  expect(declaresTest('test("an entry", async () => {', "an entry")).toBe(true);
  expect(declaresTest('test("an entry of it", async () => {', "an entry")).toBe(false);
  expect(threatRows("## What detects what\n\n| Threat | A |\n|---|---|\n| a | b | c | d | `x.ts`: e |\n")).toEqual([{ threat: "a", attack: "b", detectedBy: "c", says: "d", test: { path: "x.ts", title: "e" } }]);
});
