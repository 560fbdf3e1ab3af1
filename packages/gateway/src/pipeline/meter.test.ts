import type { LimitFacts } from "@mandate/model";
import { describe, expect, test } from "vitest";
import { testNowMs, testSystem } from "../testing/facts.ts";
import { Meter } from "./meter.ts";

const none = {
  callsPerDay: null,
  tokensPerDay: null,
  eurosPerDay: null,
  eurosPerMonth: null,
  peoplePerDay: null,
  callsPerMinute: null,
};
const one = { tokens: 10, microEuros: 400_000 };
const ok = (result: ReturnType<Meter["reserve"]>) => !("code" in result);

describe("limits", () => {
  test("the worst case is reserved before, so calls at once can't together pass a limit", () => {
    const meter = new Meter();
    const system = testSystem("T0", { limits: { ...none, tokensPerDay: 25 } });
    const results = [1, 2, 3].map(() => meter.reserve(system, null, one, testNowMs));
    expect(results.map(ok)).toEqual([true, true, false]);
    const first = results[0]!;
    if (!("code" in first)) {
      first.settle({ tokens: 1, microEuros: 0 });
      first.settle({ tokens: 0, microEuros: 0 });
    }
    expect(ok(meter.reserve(system, null, one, testNowMs))).toBe(true);
    expect(ok(meter.reserve(system, null, one, testNowMs))).toBe(false);
  });

  test("a restart gives nobody a fresh day, and a new day is a fresh one", () => {
    const before = [{ system: "a", calls: 2, tokens: 20, microEuros: 800_000, microEurosThisMonth: 4_000_000 }];
    const after = (limits: Partial<LimitFacts>, at = testNowMs) => ok(new Meter(before, testNowMs).reserve(testSystem("T0", { name: "a", limits: { ...none, ...limits } }), null, one, at));
    for (const limits of [{ callsPerDay: 2 }, { tokensPerDay: 29 }, { eurosPerDay: "1.1999" }, { eurosPerMonth: "4.3999" }] satisfies Partial<LimitFacts>[]) expect(after(limits), JSON.stringify(limits)).toBe(false);
    for (const limits of [{ callsPerDay: 3 }, { tokensPerDay: 30 }, { eurosPerDay: "1.2" }, { eurosPerMonth: "4.4" }] satisfies Partial<LimitFacts>[]) expect(after(limits), JSON.stringify(limits)).toBe(true);
    expect(after({ callsPerDay: 2 }, testNowMs + 86_400_000)).toBe(true);
  });

  test("money, people and calls a minute each have their window", () => {
    const meter = new Meter();
    const euros = testSystem("T0", { name: "a", limits: { ...none, eurosPerDay: "0.8000" } });
    expect([1, 2, 3].map(() => ok(meter.reserve(euros, null, one, testNowMs)))).toEqual([true, true, false]);
    expect(ok(meter.reserve(euros, null, one, testNowMs + 86_400_000))).toBe(true);
    const people = testSystem("T0", { name: "b", limits: { ...none, peoplePerDay: 1 } });
    expect(["x", "x", "y"].map((person) => ok(meter.reserve(people, person, one, testNowMs)))).toEqual([
      true,
      true,
      false,
    ]);
    const rate = testSystem("T0", { name: "c", limits: { ...none, callsPerMinute: 1 } });
    expect(ok(meter.reserve(rate, null, one, testNowMs))).toBe(true);
    expect(meter.reserve(rate, null, one, testNowMs)).toMatchObject({
      code: "rate",
      retryAfterSeconds: expect.any(Number),
    });
    expect(ok(meter.reserve(rate, null, one, testNowMs + 60_000))).toBe(true);
  });

  test("a limit that can't be read allows nothing", () => {
    expect(
      ok(new Meter().reserve(testSystem("T0", { limits: { ...none, eurosPerDay: "lots" } }), null, one, testNowMs)),
    ).toBe(false);
  });
});
