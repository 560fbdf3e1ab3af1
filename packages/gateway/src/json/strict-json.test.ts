import fc from "fast-check";
import { expect, test } from "vitest";
import { parseStrictEvent, UnreadableJson } from "./strict-json.ts";

const members = fc.dictionary(fc.string(), fc.jsonValue({ maxDepth: 4 }), { minKeys: 1, maxKeys: 5 });

test("an event without a member twice is read as JSON reads it, however it is written", () => {
  fc.assert(
    fc.property(members, fc.constantFrom(0, 1, "\t"), (object, indent) => {
      const text = JSON.stringify(object, null, indent);
      expect(parseStrictEvent(text, 32)).toEqual(JSON.parse(text));
    }),
  );
});

test("an event with a member twice, at any depth and in any spelling, is refused", () => {
  const escaped = (name: string) => [...name].map((one) => `\\u${one.charCodeAt(0).toString(16).padStart(4, "0")}`).join("");
  fc.assert(
    fc.property(members, fc.nat(3), fc.boolean(), (object, depth, spelled) => {
      const name = "twice";
      const inner = `{${JSON.stringify(object).slice(1, -1)},"${name}":1,"${spelled ? escaped(name) : name}":2}`;
      const text = '{"a":['.repeat(depth) + inner + "]}".repeat(depth);
      expect(() => parseStrictEvent(text, 32)).toThrow(UnreadableJson);
    }),
  );
});

test("an event deeper than the limit is refused, and one that is no object is nothing", () => {
  expect(() => parseStrictEvent('{"a":'.repeat(40) + "1" + "}".repeat(40), 32)).toThrow(UnreadableJson);
  expect(parseStrictEvent(`{"a":"${"{".repeat(40)}"}`, 32)).toEqual({ a: "{".repeat(40) });
  for (const data of ["", "[DONE]", "[1]", "null", "7", '{"a":'])
    expect(parseStrictEvent(data, 32), data).toBeUndefined();
});
