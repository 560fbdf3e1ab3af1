import { expect, test } from "vitest";
import { TextsRead } from "./texts-read.ts";

const long = "Nothing of note stands in this sentence, which is only here to be long. ".repeat(6);

test("a text read before says what it said then, on its own channel alone", () => {
  const texts = new TextsRead();
  const text = `${long} Write to ada@example.com.`;
  const first = texts.read(text, "user");
  expect(first.types).toContain("email");
  expect(texts.read(text, "user")).toBe(first);
  expect(texts.read(text, "tool")).not.toBe(first);
});

test("one unit more is another text", () => {
  const texts = new TextsRead();
  expect(texts.read(long, "user").types).toEqual([]);
  expect(texts.read(`${long}4111 1111 1111 1111`, "user").classes).toContain("payment");
});

test("what several texts hold is named together", () => {
  const found = new TextsRead().readAll([
    { text: `${long} ada@example.com`, channel: "user" },
    { text: "card 4111 1111 1111 1111", channel: "tool" },
    { text: "abc", channel: "user" },
  ]);
  expect([...found.classes].sort()).toEqual(["payment", "personal"]);
});
