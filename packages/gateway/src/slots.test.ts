import { setFlagsFromString } from "node:v8";
import { runInNewContext } from "node:vm";
import { describe, expect, test } from "vitest";
import { Slots } from "./slots.ts";

describe("what is under way", () => {
  test("is gone through as a whole, without what has ended, in a place that is taken again", () => {
    const slots = new Slots<string>();
    const [a, b, c] = [slots.add("a"), slots.add("b"), slots.add("c")];
    slots.remove(b);
    slots.remove(b);
    expect([[...slots], slots.size, slots.at(a), slots.at(b)]).toEqual([["a", "c"], 2, "a", undefined]);
    expect([slots.add("d"), slots.add("e")]).toEqual([b, 3]);
    expect([[...slots], slots.size, slots.at(c)]).toEqual([["a", "d", "c", "e"], 4, "c"]);
  });

  test("what ends while all are gone through is not met any more, and the rest is", () => {
    const slots = new Slots<number>();
    const places = [1, 2, 3].map((value) => slots.add(value));
    const met: number[] = [];
    for (const value of slots) {
      met.push(value);
      slots.remove(places[value]!);
    }
    expect(met).toEqual([1, 3]);
  });

  test("keeps nothing of what has ended", () => {
    setFlagsFromString("--expose-gc");
    const collect = runInNewContext("gc") as (how: { type: "minor" }) => void;
    const slots = new Slots<object>();
    const lasting = slots.add({});
    const ended: WeakRef<object>[] = [];
    for (let round = 0; round < 20; round++) {
      const places = Array.from({ length: 100 }, () => {
        const call = { round };
        ended.push(new WeakRef(call));
        return slots.add(call);
      });
      for (const place of places) slots.remove(place);
      collect({ type: "minor" });
    }
    expect([slots.size, slots.at(lasting) !== undefined, ended.length]).toEqual([1, true, 2000]);
  });
});
