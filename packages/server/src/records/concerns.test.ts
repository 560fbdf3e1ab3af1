import { expect, test } from "vitest";
import { concernsAt, evaluationState } from "./index.ts";

const now = Date.parse("2026-11-23T12:00:00Z");
const none = { risks: [], documents: [], trainings: [], evaluations: [], reviews: [], acceptances: [] };
const risk = { title: "Wrong refunds", systems: ["system:support"], owner: "ada@example.com", likelihood: "medium", impact: "high", treatment: "reduce", residual: "medium", controls: [] } as const;
const accepted = { risk: "r", by: "ben@example.com", role: "business-owner", reason: "small sums", at: "2026-01-01T00:00:00.000Z", ends: "2026-12-31T00:00:00.000Z", state: "in-force" } as const;
const evaluation = { title: "Answers are right", system: "system:support", owner: "ada@example.com", metric: "accuracy", threshold: { direction: "at-least", value: 0.9 }, every: "30d" } as const;
const review = { system: "system:support", reviewer: "ada@example.com", from: "2026-10-01T00:00:00Z", until: "2026-11-01T00:00:00Z", population: 1000, sampled: 100, adverse: 6, complaints: 0, tolerated: 0.05 } as const;

const kindsOf = (records: Parameters<typeof concernsAt>[0]): string[] => concernsAt(records, now).map((one) => one.kind);

test("a residual risk above low needs an acceptance in force, of these very words", () => {
  expect(kindsOf({ ...none, risks: [{ name: "r", spec: { ...risk, systems: [...risk.systems], controls: [] } }] })).toEqual(["risk.not_accepted"]);
  for (const state of ["ended", "changed", "withdrawn"] as const) {
    expect(kindsOf({ ...none, risks: [{ name: "r", spec: { ...risk, systems: [...risk.systems], controls: [] } }], acceptances: [{ ...accepted, state }] })).toEqual(["risk.not_accepted"]);
  }
  expect(kindsOf({ ...none, risks: [{ name: "r", spec: { ...risk, systems: [...risk.systems], controls: [] } }], acceptances: [accepted] })).toEqual([]);
  expect(kindsOf({ ...none, risks: [{ name: "r", spec: { ...risk, systems: [...risk.systems], controls: [], residual: "low" } }] })).toEqual([]);
});

test("an evaluation that stopped doesn't look well: no score and an old score are missing", () => {
  expect(evaluationState(evaluation, now)).toBe("missing");
  expect(evaluationState({ ...evaluation, score: 0.99, measured: "2026-10-24T12:00:00Z" }, now)).toBe("missing");
  expect(evaluationState({ ...evaluation, score: 0.99, measured: "2026-10-24T12:00:01Z" }, now)).toBe("met");
  expect(evaluationState({ ...evaluation, score: 0.89, measured: "2026-11-20T00:00:00Z" }, now)).toBe("missed");
  expect(evaluationState({ ...evaluation, threshold: { direction: "at-most", value: 5 }, score: 5, measured: "2026-11-20T00:00:00Z" }, now)).toBe("met");
});

test("a later review settles what an earlier one found", () => {
  expect(kindsOf({ ...none, reviews: [{ name: "oct", spec: review }] })).toEqual(["review.below"]);
  const later = { ...review, from: "2026-11-01T00:00:00Z", until: "2026-11-20T00:00:00Z", adverse: 5 };
  expect(kindsOf({ ...none, reviews: [{ name: "oct", spec: review }, { name: "nov", spec: later }] })).toEqual([]);
});

test("documents, trainings and reviews end by the clock", () => {
  const document = { title: "DPA with Acme", type: "dpa", systems: [], owner: "ada@example.com", ends: "2026-11-23" } as const;
  const training = { person: "ben@example.com", course: "Human oversight", roles: [], systems: [], completed: "2025-11-22", ends: "2026-11-22" } as const;
  expect(kindsOf({ ...none, documents: [{ name: "d", spec: { ...document, systems: [] } }], trainings: [{ name: "t", spec: { ...training, roles: [], systems: [] } }] })).toEqual(["document.ended", "training.ended"]);
  expect(kindsOf({ ...none, documents: [{ name: "d", spec: { ...document, systems: [], ends: "2026-11-24" } }] })).toEqual([]);
});
