import { expect, test } from "vitest";
import { maxShownRows, packAnswer, scopeWords } from "./pack-answer.ts";

test("gaps come first and the population before the rows", () => {
  const answer = packAnswer({ source: "s", query: "q", gaps: ["No training records are kept."], rows: [1, 2] });
  expect(Object.keys(answer)).toEqual(["gaps", "source", "query", "population", "shown", "rows"]);
});

test("a cut list says so and still counts the whole population", () => {
  const answer = packAnswer({ source: "s", query: "q", rows: Array.from({ length: maxShownRows + 1 }, (_, at) => at) });
  expect(answer).toMatchObject({ population: maxShownRows + 1, shown: maxShownRows });
  expect(answer.gaps).toEqual([`Only the first ${maxShownRows} of ${maxShownRows + 1} rows are printed.`]);
});

test("open ends and a scope of systems are said in words", () => {
  expect(scopeWords({ systems: ["a", "b"], since: null, until: null })).toBe("from the beginning to the moment of creation, systems a, b");
});
