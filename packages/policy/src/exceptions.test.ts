import type { ExceptionFacts, SystemFacts } from "@mandate/model";
import { describe, expect, it } from "vitest";
import { compilePolicy } from "./decision-point.ts";
import { guardrailIds } from "./guardrails/guardrails.ts";
import { now, registerFacts, request } from "./testing/fixture.ts";

const refund = request({ action: "tool.call", resource: { type: "tool", id: "refunds.issue" }, input: { order: "A1", amount: { value: "146.20", currency: "EUR" } } });
const lifted = (rule: string, until = now + 60): ExceptionFacts => ({ id: "exc_1", rule, until });
const decide = (system: Partial<SystemFacts>, asked = refund) => compilePolicy(registerFacts(system)).decide(asked);

describe("an exception", () => {
  it("lifts exactly its rule, and stands in the decision", () => {
    const decision = decide({ exceptions: [lifted("refund-limit")] });
    expect(decision).toMatchObject({ outcome: "allow", rule: "exception:exc_1" });
    expect(decision.reason).toContain("Exception exc_1 lifted refund-limit.");
    expect(decision.matched).toContain("refund-limit");
    expect(decide({ exceptions: [lifted("own-customer")] }).outcome).toBe("hold");
  });
  it("ends at its second, with nothing else changed", () => {
    expect(decide({ exceptions: [lifted("refund-limit", now + 1)] }).outcome).toBe("allow");
    expect(decide({ exceptions: [lifted("refund-limit", now)] }).outcome).toBe("hold");
  });
  it("lifts no guardrail, whatever the register says", () => {
    for (const system of [{ lifecycle: "suspended" as const }, { authorization: null }, { differences: ["tool:refunds.issue"] }, { owners: { business: null, technical: null }, missing: ["owners.business"] }]) {
      const before = decide(system);
      expect(before.outcome).toBe("deny");
      expect(decide({ ...system, exceptions: guardrailIds.map((id) => lifted(id)) })).toMatchObject({ outcome: "deny", code: before.code });
    }
  });
});

describe("a condition past its due date", () => {
  const reads = request({ action: "model.call", resource: { type: "model", id: "mistral-large-2" }, input: null });
  it("suspends or asks for reassessment at its instant, not before", () => {
    expect(decide({ conditionDues: { suspend: now + 1 } }, reads).outcome).toBe("allow");
    expect(decide({ conditionDues: { suspend: now } }, reads)).toMatchObject({ code: "system_suspended", rule: "condition-suspends" });
    expect(decide({ conditionDues: { reassess: now } }, reads)).toMatchObject({ code: "reassessment_required", rule: "condition-reassesses" });
  });
  it("that restricts leaves reading, and stops effects and exports", () => {
    expect(decide({ conditionDues: { restrict: now } }, reads).outcome).toBe("allow");
    expect(decide({ conditionDues: { restrict: now } })).toMatchObject({ outcome: "deny", code: "not_authorized", rule: "condition-restricts-tools" });
    expect(decide({ conditionDues: { restrict: now } }, request({ action: "data.export", resource: { type: "destination", id: "zendesk-eu" }, input: null }))).toMatchObject({ outcome: "deny", rule: "condition-restricts-exports" });
  });
  it("isn't lifted by an exception", () => {
    expect(decide({ conditionDues: { restrict: now }, exceptions: [lifted("condition-restricts-tools"), lifted("refund-limit")] }).outcome).toBe("deny");
  });
});
