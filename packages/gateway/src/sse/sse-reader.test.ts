import fc from "fast-check";
import { expect, test } from "vitest";
import { SseReader, SseTooLarge } from "./sse-reader.ts";

const line = fc
  .oneof(
    fc.string({ unit: "binary", maxLength: 20 }),
    fc.constantFrom("data: {}", "data:x", "event: ping", ": comment", "data", "id: 4"),
  )
  .map((text) => text.replaceAll(/[\r\n]/g, ""));
const event = fc
  .record({ lines: fc.array(line, { minLength: 1, maxLength: 4 }), end: fc.constantFrom("\n", "\r\n", "\r") })
  .map(({ lines, end }) => lines.map((one) => one + end).join("") + end);
const stream = fc.array(event, { maxLength: 6 }).map((events) => Buffer.from(events.join("")));

function read(bytes: Buffer, cuts: readonly number[]) {
  const reader = new SseReader(1 << 20);
  const at = [...new Set(cuts.map((cut) => cut % (bytes.length + 1)))].sort((a, b) => a - b);
  const events = [...at, bytes.length].flatMap((end, index) =>
    reader.push(bytes.subarray(index === 0 ? 0 : at[index - 1], end)),
  );
  const rest = reader.rest();
  return rest === undefined ? events : [...events, rest];
}

test("the events, put together, are the stream byte for byte, wherever it is cut", () => {
  fc.assert(
    fc.property(stream, fc.array(fc.nat(2000), { maxLength: 8 }), (bytes, cuts) => {
      expect(Buffer.concat(read(bytes, cuts).map((one) => one.raw)).equals(bytes)).toBe(true);
    }),
  );
});

test("a cut at any byte changes no event", () => {
  fc.assert(
    fc.property(stream, (bytes) => {
      const whole = read(bytes, []).map(({ name, data }) => ({ name, data }));
      for (let cut = 0; cut <= bytes.length; cut++)
        expect(read(bytes, [cut]).map(({ name, data }) => ({ name, data }))).toEqual(whole);
    }),
    { numRuns: 40 },
  );
});

test("an event that never ends is given up at its limit", () => {
  const reader = new SseReader(64);
  expect(() => {
    for (let index = 0; index < 10; index++) reader.push(Buffer.from("data: 0123456789\n"));
  }).toThrow(SseTooLarge);
});

test("several data lines are one value, and names are read", () => {
  const [first] = new SseReader(1000).push(Buffer.from("event: delta\ndata: a\ndata:b\n\n"));
  expect(first).toMatchObject({ name: "delta", data: "a\nb" });
});

test("a byte order mark hides no event: clients drop it, so the first event is read behind it", () => {
  const bytes = Buffer.from("\ufeffdata: {\"a\":1}\n\n\ufeffdata: not a field\n\n");
  expect(read(bytes, [1, 2, 5]).map((one) => one.data)).toEqual(['{"a":1}', ""]);
});
