import { expect, test } from "vitest";
import { linePairs } from "./line-pairs.ts";

test("a changed line stands beside what it was; what is far from a change is left out", () => {
  const text = Array.from({ length: 20 }, (_, line) => `line ${line}`);
  const pairs = linePairs(text.join("\n"), text.with(10, "changed").join("\n"));
  expect(pairs.filter((pair) => !pair.same)).toEqual([{ old: "line 10", new: "changed", same: false }]);
  expect(pairs).toHaveLength(5);
});

test("the same has no rows; added and removed lines have one side", () => {
  expect(linePairs("a\nb\n", "a\nb\n")).toEqual([]);
  expect(linePairs("a", "a\nb").at(-1)).toEqual({ old: null, new: "b", same: false });
  expect(linePairs("a\nb", "a").at(-1)).toEqual({ old: "b", new: null, same: false });
});
