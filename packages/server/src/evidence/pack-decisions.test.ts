import { expect, test } from "vitest";
import { reconciliationGaps } from "./pack-decisions.ts";

test("an index that matches its log has no gap", () => {
  expect(reconciliationGaps({ entries: 4, references: 4, broken: 0 })).toEqual([]);
});

test("entries that no decision names, and places that hold something else, are both gaps", () => {
  expect(reconciliationGaps({ entries: 5, references: 4, broken: 1 })).toEqual([
    "1 decisions name an entry that is not theirs or not there.",
    "The logs hold 5 entries of decisions and calls; decisions name 4.",
  ]);
});
