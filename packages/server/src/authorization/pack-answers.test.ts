import { expect, test } from "vitest";
import { authorizationSections } from "./pack-answers.ts";
import type { StateRow } from "./pack-answers.ts";

const state = (over: Partial<StateRow>): StateRow => ({
  system: "a", tier: "T1", reasons: [], unanswered: [], halt: null, haltReason: null, haltedBy: null, haltedAt: null, differences: [], reassessmentDue: null, intake: {}, recordVersion: 1, ...over,
});

test("an unanswered intake question is a gap of the tier record", () => {
  const sections = authorizationSections([state({ unanswered: ["intake.domain"] })], [], "all");
  expect(sections.E04?.["tier record with inputs rule and reason"]).toMatchObject({ gaps: [expect.stringContaining("moment of creation"), "a: unanswered intake.domain."], population: 1 });
});

test("pilots never count as production versions", () => {
  const sections = authorizationSections([], [{ system: "a", type: "pilot", state: "granted" }], "all");
  expect(sections.E07?.["every production version with gate evidence and test results"]).toMatchObject({ population: 0 });
  expect(sections.E07?.["pilots with end dates"]).toMatchObject({ population: 1 });
});

test("stops in force are listed and are not passed off as drills", () => {
  const stops = authorizationSections([state({ halt: "suspended", haltReason: "leak" }), state({})], [], "all").E08?.["stop drills"];
  expect(stops).toMatchObject({ population: 1, rows: [{ halt: "suspended", reason: "leak" }] });
  expect(JSON.stringify(stops)).toContain("No stop drill is recorded");
});

test("screening counts every system looked at, not only those found", () => {
  const screening = authorizationSections([state({}), state({ system: "b", tier: "X" })], [], "all").E04?.["prohibited-practice screening"];
  expect(screening).toMatchObject({ population: 2, shown: 1, rows: [{ system: "b" }] });
});
