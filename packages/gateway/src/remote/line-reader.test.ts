import { expect, test } from "vitest";
import { LineReader } from "./line-reader.ts";

const said = '{"a":"ü€😀"}\n\n{"b":2}\n{"c":';

test("lines come whole, wherever the bytes were cut, inside a character too", () => {
  const bytes = Buffer.from(said);
  for (let size = 1; size <= bytes.length; size++) {
    const reader = new LineReader();
    const lines: string[] = [];
    for (let at = 0; at < bytes.length; at += size) lines.push(...reader.push(bytes.subarray(at, at + size)));
    expect(lines).toEqual(['{"a":"ü€😀"}', '{"b":2}']);
    expect(reader.push(Buffer.from("3}\n"))).toEqual(['{"c":3}']);
  }
});

test("a line of thirty megabytes in small parts is read as it comes", () => {
  const reader = new LineReader();
  const part = Buffer.alloc(256, "x");
  const early: string[] = [];
  for (let parts = 0; parts < 120_000; parts++) early.push(...reader.push(part));
  expect([early.length, reader.push(Buffer.from("\n"))[0]!.length]).toEqual([0, 256 * 120_000]);
});

test("a line without an end is refused, and one that ends begins the count again", () => {
  const reader = new LineReader(10);
  expect(reader.push(Buffer.from("12345678\n123"))).toEqual(["12345678"]);
  expect(reader.push(Buffer.from("4567"))).toEqual([]);
  expect(() => reader.push(Buffer.from("89012"))).toThrow(/end of line/);
});
