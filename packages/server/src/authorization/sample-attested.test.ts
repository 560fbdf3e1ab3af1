import { expect, test } from "vitest";
import { drawSample } from "./sample-attested.ts";

const systems = Array.from({ length: 100 }, (_, at) => `system-${at}`);

test("draws one in ten, at least one, and never more than twenty", () => {
  expect([drawSample(systems, "a").length, drawSample(["only"], "a"), drawSample([], "a"), drawSample(Array.from({ length: 900 }, (_, at) => `s${at}`), "a").length]).toEqual([10, ["only"], [], 20]);
});

test("the same seed draws the same, in whatever order systems are listed, and another seed draws others", () => {
  expect(drawSample(systems.toReversed(), "a")).toEqual(drawSample(systems, "a"));
  expect(drawSample(systems, "b")).not.toEqual(drawSample(systems, "a"));
});
