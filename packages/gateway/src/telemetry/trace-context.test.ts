import { describe, expect, test } from "vitest";
import { readTraceparent, spanIdOf, traceparentOf } from "./trace-context.ts";

const trace = "4bf92f3577b34da6a3ce929d0e0e4736";
const parent = "00f067aa0ba902b7";

describe("W3C trace context", () => {
  test("a traceparent is read as level 1 has it", () => {
    expect(readTraceparent(`00-${trace}-${parent}-01`)).toEqual({ traceId: trace, parentId: parent, sampled: true, fromCaller: true });
    expect(readTraceparent(`00-${trace}-${parent}-00`)).toMatchObject({ sampled: false });
    expect(readTraceparent(`01-${trace}-${parent}-03-later`)).toMatchObject({ traceId: trace, sampled: true });
  });

  test.each([
    undefined, "", "00", [`00-${trace}-${parent}-01`, `00-${trace}-${parent}-01`], `ff-${trace}-${parent}-01`, `00-${trace}-${parent}-01-more`, `00-${trace.toUpperCase()}-${parent}-01`,
    `00-${"0".repeat(32)}-${parent}-01`, `00-${trace}-${"0".repeat(16)}-01`, `00-${trace}-${parent}-01\n`, `00-${trace}-${parent}-01 `, `01-${trace}-${parent}-01-${"x".repeat(600)}`, `00-${trace}-${parent}-0g`,
  ])("what isn't one is no trace: %j", (header) => {
    expect(readTraceparent(header)).toBeNull();
  });

  test("what goes on names the decision's own span, and the caller's where nobody makes spans", () => {
    const context = readTraceparent(`00-${trace}-${parent}-01`)!;
    expect(traceparentOf(context, spanIdOf("dec_1"))).toBe(`00-${trace}-${spanIdOf("dec_1")}-01`);
    expect(traceparentOf(context, null)).toBe(`00-${trace}-${parent}-01`);
    expect(traceparentOf({ ...context, parentId: null }, null)).toBeNull();
    expect(spanIdOf("dec_1")).toMatch(/^[0-9a-f]{16}$/);
    expect(spanIdOf("dec_1")).not.toBe(spanIdOf("dec_2"));
  });
});
