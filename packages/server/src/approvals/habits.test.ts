import { expect, test } from "vitest";
import { answerHabits } from "./habits.ts";

const asked = new Date("2026-01-01T00:00:00Z");
const approval = (person: string, choice: string, seconds: number) => ({ id: "apr_1", state: "approved", createdAt: asked, expiresAt: asked, signatures: [{ person, choice, at: new Date(asked.getTime() + seconds * 1000).toISOString() }] });

test("whoever says yes to everything within seconds comes first", () => {
  const habits = answerHabits([approval("careful@x", "approve", 300), approval("careful@x", "refuse", 600), approval("rubber@x", "approve", 2), approval("rubber@x", "approve", 4)]);
  expect(habits[0]).toEqual({ person: "rubber@x", answers: 2, yesRate: 1, medianSeconds: 2, fastestSeconds: 2 });
  expect(habits[1]).toMatchObject({ person: "careful@x", yesRate: 0.5, medianSeconds: 300 });
});
