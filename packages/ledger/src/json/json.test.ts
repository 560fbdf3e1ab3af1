import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { utf8 } from "../encoding.ts";
import { canonicalBytes, canonicalJson, canonicalOf, parseHeader } from "./canonical.ts";
import { parseStrictJson } from "./strict.ts";

const code = (expected: string) => expect.objectContaining({ code: expected });

describe("canonical JSON (RFC 8785)", () => {
  test("sorts by UTF-16 units and escapes as the RFC's own examples", () => {
    const sorting = {
      "\u20ac": "Euro Sign",
      "\r": "Carriage Return",
      "\ufb33": "Hebrew Letter Dalet With Dagesh",
      "1": "One",
      "\ud83d\ude00": "Emoji: Grinning Face",
      "\u0080": "Control",
      "\u00f6": "Latin Small Letter O With Diaeresis",
    };
    const order = [
      "Carriage Return",
      "One",
      "Control",
      "Latin Small Letter O With Diaeresis",
      "Euro Sign",
      "Emoji: Grinning Face",
      "Hebrew Letter Dalet With Dagesh",
    ];
    expect([...canonicalJson(sorting).matchAll(/":"([^"]*)"/g)].map((match) => match[1])).toEqual(order);
    expect(canonicalJson({ string: '\u20ac$\u000f\nA\'B"\\\\"/' })).toBe(
      '{"string":"\u20ac$\\u000f\\nA\'B\\"\\\\\\\\\\"/"}',
    );
  });

  test("refuses what JSON can't say", () => {
    for (const value of [Number.NaN, "\ud800", { a: "\udc00" }, undefined]) {
      expect(() => canonicalJson(value)).toThrow(code("json.not_canonicalizable"));
    }
  });
});

describe("strict parsing", () => {
  test.each([
    ['{"a":1,"a":1}', "json.duplicate"],
    ['{"a":1,"\\u0061":2}', "json.duplicate"],
    ['"\\ud800"', "json.surrogate"],
    ["9007199254740993", "json.number"],
    ["1.5", "json.number"],
    ["1e2", "json.number"],
    ["-0", "json.number"],
    ["01", "json.malformed"],
    ['{"a":1}x', "json.malformed"],
    ["{'a':1}", "json.malformed"],
    ["[1,]", "json.malformed"],
    ["", "json.malformed"],
    ['"a\nb"', "json.malformed"],
    ["[".repeat(100), "json.too_deep"],
    [`"${"x".repeat(70_000)}"`, "json.too_large"],
    ["nul", "json.malformed"],
  ])("refuses %.30j", (text, expected) => {
    expect(() => parseStrictJson(text)).toThrow(code(expected));
  });

  test("refuses ill-formed UTF-8 and a byte order mark", () => {
    expect(() => parseStrictJson(Uint8Array.of(0x22, 0xff, 0x22))).toThrow(code("encoding.utf8"));
    expect(() => parseStrictJson(Uint8Array.of(0xef, 0xbb, 0xbf, 0x31))).toThrow(code("json.malformed"));
  });

  test("reads what the engine reads, and keeps a member called __proto__ as data", () => {
    const integers = fc.letrec((tie) => ({
      value: fc.oneof(
        { maxDepth: 4 },
        fc.maxSafeInteger().map((n) => n || 0),
        fc.string({ unit: "grapheme" }),
        fc.boolean(),
        fc.constant(null),
        fc.array(tie("value")),
        fc.dictionary(fc.string(), tie("value")),
      ),
    })).value;
    fc.assert(
      fc.property(integers, (value) => {
        const text = JSON.stringify(value);
        expect(JSON.stringify(parseStrictJson(text))).toBe(text);
        expect(canonicalOf(canonicalOf(text))).toBe(canonicalOf(text));
      }),
    );
    expect(Object.keys(parseStrictJson('{"__proto__":1}') as object)).toEqual(["__proto__"]);
  });
});

describe("entry headers", () => {
  test("pass in canonical form alone, whichever parser reads them", () => {
    expect(parseHeader(canonicalBytes({ b: [1, { a: "\u20ac" }], "10": 1, "9": 2, a: "\u0001" }))).toBeDefined();
    for (const bad of [
      '{"b":1,"a":2}',
      '{ "a":1}',
      '{"a":1,"a":1}',
      '{"a":"\\u20ac"}',
      '{"a":1.0}',
      '{"a":1.5}',
      "[]",
      "null",
      '{"a":"\\ud800"}',
      '{"a":9007199254740993}',
    ]) {
      expect(() => parseHeader(utf8(bad)), bad).toThrow();
    }
    expect(() => parseHeader(canonicalBytes({ a: "x".repeat(70_000) }))).toThrow(code("json.too_large"));
  });

  test("the quick and the strict reading never disagree", () => {
    fc.assert(
      fc.property(
        fc.dictionary(fc.string({ maxLength: 3 }), fc.oneof(fc.string({ maxLength: 4 }), fc.integer())),
        (value) => {
          expect(JSON.stringify(parseHeader(canonicalBytes(value)))).toBe(
            JSON.stringify(parseStrictJson(canonicalJson(value))),
          );
        },
      ),
    );
  });
});
