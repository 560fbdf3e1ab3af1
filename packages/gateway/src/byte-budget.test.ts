import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { ByteBudget, bytesInFlightFor } from "./byte-budget.ts";

describe("bytes of all calls together", () => {
  test("whoever comes first may take all of it; who comes then still gets an equal share, and no more", () => {
    const budget = new ByteBudget(1_000, 4);
    const large = budget.hold();
    expect(large.grow(1_000)).toBe(true);
    expect(large.grow(1)).toBe(false);
    const small = budget.hold();
    expect([small.grow(250), small.grow(1)]).toEqual([true, false]);
    expect(budget.held).toBe(1_250);
    large.release();
    expect([small.grow(750), small.grow(1)]).toEqual([true, false]);
    small.release();
    small.release();
    expect(budget.held).toBe(0);
    expect(large.grow(1)).toBe(false);
  });

  test("the budget is a quarter of the memory there is, within reason", () => {
    const mebibyte = 1024 * 1024;
    expect([256, 1_024, 65_536, 2 ** 44, 8].map((size) => bytesInFlightFor(size * mebibyte) / mebibyte)).toEqual([64, 256, 512, 512, 16]);
  });

  test("one after the other, each taking what it can get: twice the budget is never passed", () => {
    const budget = new ByteBudget(1_000, 100);
    const holdings = Array.from({ length: 100 }, () => budget.hold());
    for (const held of holdings) for (let bytes = 512; bytes >= 1; bytes /= 2) while (held.grow(bytes));
    expect(budget.held).toBeLessThanOrEqual(2_000);
    expect(budget.held).toBeGreaterThan(1_900);
  });

  test("whatever is taken and given back, no more than twice the budget is held, and at the end nothing", () => {
    const step = fc.tuple(fc.nat(9), fc.constantFrom("hold", "grow", "grow", "grow", "release"), fc.nat(400));
    fc.assert(
      fc.property(fc.array(step, { maxLength: 200 }), (steps) => {
        const budget = new ByteBudget(1_000, 10);
        const holdings = new Map<number, ReturnType<ByteBudget["hold"]>>();
        for (const [who, what, bytes] of steps) {
          const held = holdings.get(who);
          if (held === undefined) holdings.set(who, budget.hold());
          else if (what === "grow") held.grow(bytes);
          else if (what === "release") {
            held.release();
            holdings.delete(who);
          }
          expect(budget.held).toBeLessThanOrEqual(2_000);
        }
        for (const held of holdings.values()) held.release();
        expect(budget.held).toBe(0);
      }),
    );
  });
});
