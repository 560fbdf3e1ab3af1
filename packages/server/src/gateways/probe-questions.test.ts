import { afterEach, beforeEach, expect, test, vi } from "vitest";
import { ProbeQuestions } from "./probe-questions.ts";

const calls = [{ path: "/v1/chat/completions", key: "k", body: {} }, { path: "/v1/chat/completions", key: "l", body: {} }];
const met = { status: 403, code: "not_granted", rule: null, decision: "dec_1" };

beforeEach(() => {
  vi.useFakeTimers();
});
afterEach(() => {
  vi.useRealTimers();
});

test("only the gateway that was asked answers, once; what it leaves out is not known", async () => {
  const questions = new ProbeQuestions();
  let asked = 0;
  const told = questions.ask("gw_east", calls, (question) => (asked = question));
  questions.answer("gw_west", asked, [met, met]);
  questions.answer("gw_east", asked + 1, [met, met]);
  questions.answer("gw_east", asked, [met]);
  questions.answer("gw_east", asked, [met, met, met]);
  expect(await told).toEqual([met, null]);
  const more = questions.ask("gw_east", calls, (question) => (asked = question));
  questions.answer("gw_east", asked, [met, met, met]);
  expect(await more).toEqual([met, met]);
});

test("one that goes away, or says nothing in time, is not known", async () => {
  const questions = new ProbeQuestions();
  const gone = questions.ask("gw_east", calls, () => undefined);
  const silent = questions.ask("gw_west", calls, () => undefined);
  questions.left("gw_east");
  expect(await gone).toBeNull();
  await vi.advanceTimersByTimeAsync(120_000);
  expect(await silent).toBeNull();
  expect(vi.getTimerCount()).toBe(0);
});
