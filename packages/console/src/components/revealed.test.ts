import { expect, test } from "vitest";
import { pieces } from "./revealed.tsx";

const unseen = new Map([["U+200B", "zero-width character"], ["U+0430", "look-alike letter"]]);

test("a hidden character stands by itself, in its place", () => {
  expect(pieces("Re\u200Bads.", unseen)).toEqual([{ text: "Re" }, { text: "\u200B", code: "U+200B" }, { text: "ads." }]);
  expect(pieces("Reads.", unseen)).toEqual([{ text: "Reads." }]);
});

test("a letter of another alphabet is shown inside a Latin word, and left alone in its own language", () => {
  expect(pieces("p\u0430ge", unseen)).toEqual([{ text: "p" }, { text: "\u0430", code: "U+0430" }, { text: "ge" }]);
  expect(pieces("страниц\u0430", unseen)).toEqual([{ text: "страница" }]);
});
