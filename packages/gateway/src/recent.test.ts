import { expect, test } from "vitest";
import { Recent } from "./recent.ts";

test("keeps what is used, forgets the rest, and holds no more than it says", () => {
  const recent = new Recent<number>(10);
  recent.set("used", 1);
  for (let i = 0; i < 1000; i++) {
    recent.set(`once ${i}`, i);
    expect(recent.get("used")).toBe(1);
  }
  expect(recent.get("once 1")).toBeUndefined();
  expect(Array.from({ length: 1000 }, (_, i) => recent.has(`once ${i}`)).filter(Boolean).length).toBeLessThanOrEqual(10);
});

test("at least half of its size is remembered whatever the order", () => {
  const recent = new Recent<number>(100);
  for (let i = 0; i < 1000; i++) recent.set(String(i), i);
  for (let i = 951; i < 1000; i++) expect(recent.get(String(i))).toBe(i);
});

test("what is set again is the newer, in either generation", () => {
  const recent = new Recent<string>(4);
  recent.set("a", "first");
  recent.set("b", "b");
  recent.set("a", "second");
  expect(recent.get("a")).toBe("second");
  expect(recent.isEmpty).toBe(false);
});
