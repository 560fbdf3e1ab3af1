import { expect, it } from "vitest";
import { readCsv } from "./csv.ts";

it("reads quotes, line breaks in cells, semicolons and a byte order mark", () => {
  expect(readCsv('\uFEFFName;Purpose\r\n"A ""b""";"two\nlines; one"\r\n\r\nC;\r\n')).toEqual([
    { Name: 'A "b"', Purpose: "two\nlines; one" },
    { Name: "C" },
  ]);
});

it("refuses an open quote, headings alone and more than 500 rows", () => {
  expect(readCsv('Name\n"open')).toBeUndefined();
  expect(readCsv("Name\n")).toBeUndefined();
  expect(readCsv(`Name\n${"a\n".repeat(501)}`)).toBeUndefined();
});
