import { expect, test } from "vitest";
import { authorizationSections } from "./pack-answers.ts";
import type { AuthorizationFacts, StateRow, TierRow } from "./pack-answers.ts";

const at = new Date("2026-05-01T09:00:00Z");
const state = (over: Partial<StateRow>): StateRow => ({ system: "a", halt: null, haltReason: null, haltedBy: null, haltedAt: null, differences: [], reassessmentDue: null, ...over });
const tier = (over: Partial<TierRow>): TierRow => ({ system: "a", tier: "T1", inputs: {}, reasons: [], unanswered: [], versionDigest: "d", by: "ann@x.example", at, ...over });
const sectionsOf = (facts: Partial<AuthorizationFacts>) => authorizationSections({ states: [], authorizations: [], tiers: [], drills: [], evaluations: new Map(), ...facts }, "all");

test("an unanswered intake question is a gap of the tier record, and the only one", () => {
  const sections = sectionsOf({ tiers: [tier({ unanswered: ["intake.domain"] })] });
  expect(sections.E04?.["tier record with inputs rule and reason"]).toMatchObject({ gaps: ["a: unanswered intake.domain."], population: 1 });
});

test("pilots never count as production versions", () => {
  const sections = sectionsOf({ authorizations: [{ system: "a", type: "pilot", state: "granted" }] });
  expect(sections.E07?.["every production version with gate evidence and test results"]).toMatchObject({ population: 0 });
  expect(sections.E07?.["pilots with end dates"]).toMatchObject({ population: 1 });
});

test("stops in force are listed beside the drills and are not passed off as one", () => {
  const stops = sectionsOf({ states: [state({ halt: "suspended", haltReason: "leak" }), state({})] }).E08?.["stop drills"];
  expect(stops).toMatchObject({ population: 0, rows: [], inForce: [{ halt: "suspended", reason: "leak" }], gaps: ["No system was stopped and resumed in the period."] });
});

test("a stop that ended is a drill, with who resumed it and why", () => {
  const drill = { system: "a", stoppedAt: at, resumedAt: new Date(at.getTime() + 1000), resumedBy: "ann@x.example", reason: "drill" };
  expect(sectionsOf({ drills: [drill] }).E08?.["stop drills"]).toMatchObject({ population: 1, rows: [drill], inForce: [], gaps: [] });
});

test("screening counts every system looked at, not only those found", () => {
  const screening = sectionsOf({ tiers: [tier({}), tier({ system: "b", tier: "X" })] }).E04?.["prohibited-practice screening"];
  expect(screening).toMatchObject({ population: 2, shown: 1, rows: [{ system: "b" }] });
});
