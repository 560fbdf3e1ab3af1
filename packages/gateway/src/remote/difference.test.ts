import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { applyDifference, differenceOf, divide } from "./difference.ts";

type Value = Record<string, unknown>;

const between = (before: Value, after: Value) => differenceOf(divide(before), divide(after));
/** As it travels. */
const sent = <T>(value: T): T => JSON.parse(JSON.stringify(value)) as T;

const names = ["a", "b", "c", "d", "e", "f", "g"];
const list = fc.uniqueArray(fc.record({ name: fc.constantFrom(...names), n: fc.nat(3) }), { selector: (one) => one.name });
const value = fc.record(
  {
    version: fc.nat(),
    facts: fc.record({ systems: list, models: list, policies: fc.oneof(list, fc.array(fc.nat(2))) }),
    credentials: fc.uniqueArray(fc.record({ id: fc.constantFrom(...names), state: fc.constantFrom("active", "revoked") }), { selector: (one) => one.id }),
    outboundAllow: fc.array(fc.constantFrom("10.0.0.0/8", "::1/128")),
    mcpCommands: fc.array(fc.array(fc.string())),
  },
  { requiredKeys: ["version", "facts", "credentials", "outboundAllow"] },
);

describe("a change of a snapshot", () => {
  test("makes the one into the other, in every order and shape", () => {
    fc.assert(
      fc.property(value, value, (before, after) => {
        const difference = between(before, after);
        const made = difference === undefined ? before : applyDifference(before, sent(difference));
        expect(made).toEqual(after);
        expect((made.facts as { systems: unknown }).systems).toEqual(after.facts.systems);
      }),
      { numRuns: 500 },
    );
  });

  test("of one system among thousands is that system, and the others stay the same objects", () => {
    const systems = Array.from({ length: 5_000 }, (_, n) => ({ name: `s${n}`, text: "x".repeat(500) }));
    const before = { version: 1, facts: { systems }, credentials: [] };
    const after = { ...before, version: 2, facts: { systems: systems.with(17, { name: "s17", text: "changed" }) } };
    const difference = between(before, after)!;
    expect(JSON.stringify(difference).length).toBeLessThan(300);
    const made = applyDifference(before, sent(difference)) as typeof before;
    expect(made.facts.systems[17]).toEqual({ name: "s17", text: "changed" });
    expect(made.facts.systems.every((one, n) => n === 17 || one === systems[n])).toBe(true);
  });

  test("may add thousands in a row", () => {
    const before = { version: 1, facts: { systems: [{ name: "z" }] }, credentials: [] };
    const after = { ...before, facts: { systems: [...Array.from({ length: 50_000 }, (_, n) => ({ name: `s${n}` })), { name: "z" }] } };
    expect(applyDifference(before, between(before, after)!)).toEqual(after);
  });

  test("made for another snapshot is not applied at all", () => {
    const before = { version: 1, facts: { systems: [{ name: "a" }, { name: "b" }] }, credentials: [] };
    const other = { version: 1, facts: { systems: [{ name: "q" }] }, credentials: [] };
    for (const facts of [{ systems: [{ name: "a" }] }, { systems: [{ name: "a" }, { name: "b", n: 1 }] }, { systems: [{ name: "a" }, { name: "n" }, { name: "b" }] }])
      expect(() => applyDifference(other, between(before, { ...before, facts })!)).toThrow(/another snapshot/);
  });
});
