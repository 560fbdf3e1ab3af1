import { expect, it } from "vitest";
import { compareUseCases } from "./similar.ts";

const reader = { title: "Invoice Reader", purposes: ["Reads supplier invoices and proposes bookings."], tools: ["erp.read"], datasets: ["invoices"] };

it("shows the same use case told in other words, with what is alike", () => {
  const found = compareUseCases({ title: "Invoices reading", purposes: ["Reading invoices of suppliers, proposing a booking"], tools: ["erp.read"], datasets: [] }, reader);
  expect(found.score).toBeGreaterThan(0.5);
  expect(found.because.join(" ")).toContain("erp.read");
});

it("leaves out what shares common words alone", () => {
  expect(compareUseCases({ title: "Holiday planner", purposes: ["The assistant helps our staff with the plan."], tools: [], datasets: [] }, reader).score).toBeLessThan(0.3);
});

it("finds nothing alike in nothing, and stays bounded on long text", () => {
  const empty = { title: "", purposes: [], tools: [], datasets: [] };
  expect(compareUseCases(empty, empty)).toEqual({ score: 0, because: [] });
  // A pass for each pair of words would run into the test's time limit.
  expect(compareUseCases({ ...reader, purposes: ["word ".repeat(200_000)] }, reader).score).toBeLessThan(1);
});
