import { expect, test } from "vitest";
import { deriveClocks, incidentQuestions } from "./clocks.ts";

const aware = "2026-11-20T09:00:00Z";
const no = Object.fromEntries([...incidentQuestions.keys()].map((id) => [id, false]));
const ids = (answers: Record<string, boolean>, at = aware): string[] => deriveClocks(answers, at).map((one) => one.id);

test("a question left open never means no: every clock may run until a person says otherwise", () => {
  expect(ids({})).toEqual(["ai-act-73-2-days", "gdpr-33-72-hours", "ai-act-73-10-days", "ai-act-73-15-days"]);
  expect(deriveClocks({}, aware).every((one) => one.derived === "perhaps" && one.open.length > 0)).toBe(true);
});

test("every question is whole: a comma in YAML doesn't cut it short", () => {
  expect(incidentQuestions.get("personalData")).toBe("Was personal data lost, altered, disclosed or reached without right");
  expect([...incidentQuestions.values()].filter((text) => text.split(" ").length < 4)).toEqual([]);
});

test("answered with no throughout, no clock runs", () => {
  expect(ids(no)).toEqual([]);
});

test("Article 73: 15 days, 10 after a death, 2 for critical infrastructure or a widespread infringement", () => {
  const high = { ...no, euMarket: true, highRisk: true };
  expect(deriveClocks({ ...high, healthHarm: true }, aware)).toMatchObject([{ id: "ai-act-73-15-days", hours: 360, derived: "likely", open: [] }]);
  expect(deriveClocks({ ...high, death: true }, aware)).toMatchObject([{ id: "ai-act-73-10-days", hours: 240 }]);
  expect(deriveClocks({ ...high, criticalInfrastructure: true }, aware)).toMatchObject([{ hours: 48, citation: "Regulation (EU) 2024/1689, Article 73(3)" }]);
  expect(ids({ ...high, widespread: true, death: true })).toEqual(["ai-act-73-2-days", "ai-act-73-10-days"]);
  expect(ids({ ...high, highRisk: false, death: true })).toEqual([]);
});

test("GDPR Article 33: 72 hours, unless a risk to people is unlikely", () => {
  expect(deriveClocks({ ...no, personalData: true }, aware)).toMatchObject([{ id: "gdpr-33-72-hours", hours: 72 }]);
  expect(ids({ ...no, personalData: true, noRisk: true })).toEqual([]);
});

test("a duty that did not apply yet at the time of awareness starts no clock", () => {
  expect(ids({}, "2026-08-01T00:00:00Z")).toEqual(["gdpr-33-72-hours"]);
});
