import { annexIvPoints } from "@mandate/model";
import { expect, test } from "vitest";
import { sampleFacts } from "../exports/testing/sample.ts";
import { annexIvOutline } from "./annex-iv.ts";
import type { DocumentFacts, TechnicalFileFacts } from "./annex-iv.ts";

const system = sampleFacts.systemFacts[0]!;
const bare: TechnicalFileFacts = { system, roles: [], policies: [], reassessAlsoWhen: [], versions: [], documents: [], risks: [], evaluations: [], reviews: [], trained: [], measured: [], at: "2026-05-01T00:00:00Z" };
const document = (over: Partial<DocumentFacts>): DocumentFacts => ({ name: "d", title: "D", type: "technical", owner: "x@halden.example", url: null, sha256: null, ends: null, annex4: ["8"], ...over });
const of = (facts: TechnicalFileFacts, point: string) => annexIvOutline(facts).find((one) => one.point === point)!;

test("every point of Annex IV is either recorded or says what is missing and who gives it", () => {
  const outline = annexIvOutline(bare);
  expect(outline.map((one) => one.point)).toEqual([...annexIvPoints]);
  for (const one of outline) {
    if (one.state === "recorded") expect(one.gap, one.point).toBeNull();
    else expect(one.gap, one.point).toMatch(/: owner \S.*\.$/);
    if (one.state === "not recorded") expect(one.facts, one.point).toEqual({});
  }
  expect(of(bare, "1e")).toMatchObject({ state: "not recorded", gap: "not recorded: owner tom@halden.example (technical owner)." });
  expect(of(bare, "2d")).toMatchObject({ state: "in part", gap: expect.stringContaining("labelled") });
  expect(of({ ...bare, system: { ...system, owners: { business: null, technical: null } } }, "1h").gap).toContain("vacant");
});

test("a document answers the points that it names, and none once it has ended", () => {
  expect(of({ ...bare, documents: [document({})] }, "8")).toMatchObject({ state: "recorded", gap: null });
  expect(of({ ...bare, documents: [document({})] }, "7").state).toBe("not recorded");
  expect(of({ ...bare, documents: [document({ ends: "2026-04-01T00:00:00Z" })] }, "8")).toMatchObject({ state: "not recorded", gap: expect.stringContaining("has ended") });
});

test("what is only on record in part is never called recorded", () => {
  const evaluated = { ...bare, evaluations: [{ name: "accuracy", metric: "accuracy", threshold: "at least 0.9", score: 0.95, measured: "2026-04-01T00:00:00Z", dataset: null }] };
  expect(of(evaluated, "2g").state).toBe("in part");
  expect(of({ ...bare, risks: [{ name: "r", title: "R", treatment: "reduce", residual: "low", controls: [] }] }, "5").state).toBe("recorded");
});
