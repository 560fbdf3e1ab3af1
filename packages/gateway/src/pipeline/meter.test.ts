import type { LimitFacts, SystemFacts } from "@mandate/model";
import { describe, expect, test } from "vitest";
import { testNowMs, testSystem } from "../testing/facts.ts";
import type { Lease } from "./lease.ts";
import { Meter, type SpentBefore } from "./meter.ts";
import { costOf, microEuros, priceOf } from "./prices.ts";

const none = {
  callsPerDay: null,
  tokensPerDay: null,
  eurosPerDay: null,
  eurosPerMonth: null,
  peoplePerDay: null,
  callsPerMinute: null,
};
const one = { tokens: 10, microEuros: 400_000 };
const warned: string[] = [];
const meterOf = (lease: Lease | null = null, before: readonly SpentBefore[] = []) => new Meter({ lease, warn: (event) => void warned.push(event), before, nowMs: testNowMs });
const limited = (limits: Partial<LimitFacts>, name = "notes"): SystemFacts => testSystem("T0", { name, limits: { ...none, ...limits } });
const by = (credential = "cred_1", person: string | null = null) => ({ credential, person });
const ok = (result: Awaited<ReturnType<Meter["reserve"]>>): boolean => !("code" in result);

/** A control plane with one limit table, for as many gateways as a test makes. */
function controlPlane(): { lease: Lease; away: boolean; asked: number } {
  const totals = new Map<string, number>();
  const people = new Map<string, Set<string>>();
  const control = {
    away: false,
    asked: 0,
    lease: (async ({ key, span, limit, want, owed, member }) => {
      control.asked += 1;
      await Promise.resolve();
      if (control.away) throw new Error("away");
      if (member !== undefined) {
        const heads = people.get(`${key} ${span}`) ?? new Set<string>();
        people.set(`${key} ${span}`, heads);
        const fits = heads.has(member) || heads.size < limit;
        if (fits || owed > 0) heads.add(member);
        return { granted: fits ? want : 0, total: heads.size };
      }
      const total = (totals.get(`${key} ${span}`) ?? 0) + owed;
      const granted = Math.max(0, Math.min(want, limit - total));
      totals.set(`${key} ${span}`, total + granted);
      return { granted, total: total + granted };
    }) as Lease,
  };
  return control;
}

describe("limits", () => {
  test("the worst case is reserved before, so calls at once can't together pass a limit", async () => {
    const meter = meterOf();
    const system = limited({ tokensPerDay: 25 });
    const results = await Promise.all([1, 2, 3].map(() => meter.reserve(system, by(), one, testNowMs)));
    expect(results.map(ok)).toEqual([true, true, false]);
    const first = results[0]!;
    if (!("code" in first)) {
      first.settle({ tokens: 1, microEuros: 0 });
      first.settle({ tokens: 0, microEuros: 0 });
    }
    expect(ok(await meter.reserve(system, by(), one, testNowMs))).toBe(true);
    expect(ok(await meter.reserve(system, by(), one, testNowMs))).toBe(false);
  });

  test("of two calls at once at the last unit exactly one goes, leased or not", async () => {
    for (const lease of [null, controlPlane().lease]) {
      const meter = meterOf(lease);
      const system = limited({ callsPerDay: 1 });
      const results = await Promise.all([1, 2].map(() => meter.reserve(system, by(), one, testNowMs)));
      expect(results.filter(ok)).toHaveLength(1);
    }
  });

  test("a restart gives nobody a fresh day, and a new day is a fresh one", async () => {
    const before = [{ system: "a", credential: null, calls: 2, tokens: 20, microEuros: 800_000, microEurosThisMonth: 4_000_000 }];
    const after = async (limits: Partial<LimitFacts>, at = testNowMs) => ok(await meterOf(null, before).reserve(limited(limits, "a"), by(), one, at));
    for (const limits of [{ callsPerDay: 2 }, { tokensPerDay: 29 }, { eurosPerDay: "1.1999" }, { eurosPerMonth: "4.3999" }] satisfies Partial<LimitFacts>[])
      expect(await after(limits), JSON.stringify(limits)).toBe(false);
    for (const limits of [{ callsPerDay: 3 }, { tokensPerDay: 30 }, { eurosPerDay: "1.2" }, { eurosPerMonth: "4.4" }] satisfies Partial<LimitFacts>[])
      expect(await after(limits), JSON.stringify(limits)).toBe(true);
    expect(await after({ callsPerDay: 2 }, testNowMs + 86_400_000)).toBe(true);
  });

  test("money, people and calls a minute each have their window and say when it ends", async () => {
    const meter = meterOf();
    const euros = limited({ eurosPerDay: "0.8000" }, "a");
    const spend = async (at: number) => ok(await meter.reserve(euros, by(), one, at));
    expect([await spend(testNowMs), await spend(testNowMs), await spend(testNowMs), await spend(testNowMs + 86_400_000)]).toEqual([true, true, false, true]);
    const people = limited({ peoplePerDay: 1 }, "b");
    const person = async (name: string) => ok(await meter.reserve(people, by("cred_1", name), one, testNowMs));
    expect([await person("x"), await person("x"), await person("y")]).toEqual([true, true, false]);
    const rate = limited({ callsPerMinute: 1 }, "c");
    expect(ok(await meter.reserve(rate, by(), one, testNowMs))).toBe(true);
    const refused = await meter.reserve(rate, by(), one, testNowMs);
    expect(refused).toMatchObject({ code: "rate" });
    expect((refused as { retryAfterSeconds: number }).retryAfterSeconds).toBeLessThanOrEqual(60);
    expect(ok(await meter.reserve(rate, by(), one, testNowMs + 60_000))).toBe(true);
  });

  test("one credential or one person can't use up what all share", async () => {
    const share = { callsPerDay: 1, tokensPerDay: null, eurosPerDay: null };
    const meter = meterOf();
    const system = limited({ perCredential: share }, "a");
    const call = async (credential: string) => meter.reserve(system, by(credential), one, testNowMs);
    expect([ok(await call("cred_1")), ok(await call("cred_2"))]).toEqual([true, true]);
    expect(await call("cred_1")).toMatchObject({ code: "budget", param: "limits.perCredential.callsPerDay" });
    const people = limited({ perPerson: { ...share, callsPerDay: null, eurosPerDay: "0.5" } }, "b");
    const spend = async (person: string) => meter.reserve(people, by("cred_1", person), one, testNowMs);
    expect([ok(await spend("x")), ok(await spend("y"))]).toEqual([true, true]);
    expect(await spend("x")).toMatchObject({ code: "budget", param: "limits.perPerson.eurosPerDay" });
  });

  test("a limit that can't be read allows nothing", async () => {
    expect(ok(await meterOf().reserve(limited({ eurosPerDay: "lots" }), by(), one, testNowMs))).toBe(false);
  });
});

describe("limits that several gateways share", () => {
  test("together they pass no limit, and few calls ask", async () => {
    const control = controlPlane();
    const gateways = [meterOf(control.lease), meterOf(control.lease)];
    const system = limited({ callsPerDay: 100, tokensPerDay: 10_000 });
    const results = await Promise.all(Array.from({ length: 150 }, (_, index) => gateways[index % 2]!.reserve(system, by(), one, testNowMs)));
    expect(results.filter(ok)).toHaveLength(100);
    expect(control.asked).toBeLessThan(60);
  });

  test("while nobody can be asked a gateway takes one slice alone and says so; that is the overshoot, and it is paid back first", async () => {
    warned.length = 0;
    const control = controlPlane();
    const [here, there] = [meterOf(control.lease), meterOf(control.lease)];
    const system = limited({ callsPerDay: 40 });
    const call = async (meter: Meter) => ok(await meter.reserve(system, by(), one, testNowMs));
    for (let count = 0; count < 40; count += 1) expect(await call(there)).toBe(true);
    control.away = true;
    let alone = 0;
    while (await call(here)) alone += 1;
    expect(alone).toBe(2);
    control.away = false;
    expect(ok(await here.reserve(system, by(), one, testNowMs + 2_000))).toBe(false);
    expect(warned).toEqual(["limits.slice_taken_alone", "limits.overshot"]);
  });

  test("a limit that was lowered binds at once, whatever was leased under the old one", async () => {
    const meter = meterOf(controlPlane().lease);
    for (let count = 0; count < 3; count += 1) expect(ok(await meter.reserve(limited({ callsPerDay: 1000 }), by(), one, testNowMs))).toBe(true);
    expect(ok(await meter.reserve(limited({ callsPerDay: 3 }), by(), one, testNowMs))).toBe(false);
  });
});

describe("prices", () => {
  const prices = [
    { from: 1000, input: 1, output: 2 },
    { from: 2000, input: 10, output: 20 },
  ];
  test("a price holds from its day on; before the first, and without any, the assumed one", () => {
    const assumed = { input: 3, output: 15 };
    expect([999, 1000, 1999, 2000].map((at) => priceOf({ prices }, at, assumed).input)).toEqual([3, 1, 1, 10]);
    expect(priceOf({}, 5, assumed)).toBe(assumed);
  });
  test("a fraction of a micro-euro is rounded up: no call is free", () => {
    expect(costOf({ input: 1, output: 0 }, { input: 0.15, output: 0.6 })).toBe(1);
    expect(microEuros("2500.00")).toBe(2_500_000_000);
  });
});

describe("people of the day", () => {
  const people = limited({ peoplePerDay: 2 });
  const person = (meter: Meter) => async (name: string) => ok(await meter.reserve(people, by("cred_1", name), one, testNowMs));

  test("count once, through two gateways and after a start", async () => {
    const control = controlPlane();
    const [east, west] = [person(meterOf(control.lease)), person(meterOf(control.lease))];
    expect([await east("ada"), await west("ada"), await west("bob"), await east("bob")]).toEqual([true, true, true, true]);
    expect([await east("eve"), await west("eve")]).toEqual([false, false]);
    const again = person(meterOf(control.lease));
    expect([await again("ada"), await again("eve")]).toEqual([true, false]);
  });

  test("that are let in while nobody can be asked are few, said so, and counted afterwards", async () => {
    const control = controlPlane();
    const [east, west] = [person(meterOf(control.lease)), person(meterOf(control.lease))];
    warned.length = 0;
    control.away = true;
    expect([await east("ada"), await east("ada"), await east("bob")]).toEqual([true, true, false]);
    expect(warned).toEqual(["limits.slice_taken_alone"]);
    control.away = false;
    expect([await west("bob"), await east("eve"), await west("eve")]).toEqual([true, false, false]);
  });

  test("aren't counted for a call that another limit refuses", async () => {
    const control = controlPlane();
    const meter = meterOf(control.lease);
    const tight = limited({ peoplePerDay: 1, tokensPerDay: 5 });
    expect(ok(await meter.reserve(tight, by("cred_1", "ada"), one, testNowMs))).toBe(false);
    expect(ok(await meter.reserve(limited({ peoplePerDay: 1 }), by("cred_1", "bob"), one, testNowMs))).toBe(true);
  });
});
