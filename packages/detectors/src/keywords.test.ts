import fc from "fast-check";
import { expect, test } from "vitest";
import { keywordFinder } from "./keywords.ts";

test("one reading finds exactly the keywords that occur, wherever they overlap", () => {
  const letter = fc.constantFrom("a", "b", "-", "é", "0");
  const word = fc.array(fc.constantFrom("a", "b", "-", "0"), { minLength: 1, maxLength: 4 }).map((letters) => letters.join(""));
  fc.assert(
    fc.property(fc.array(word, { maxLength: 12 }), fc.array(letter, { maxLength: 40 }).map((letters) => letters.join("")), (keywords, text) => {
      expect([...keywordFinder(keywords)(text)].toSorted()).toEqual([...new Set(keywords)].filter((keyword) => text.includes(keyword)).toSorted());
    }),
  );
});
