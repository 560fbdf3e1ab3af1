import { describe, expect, it } from "vitest";
import type { DecisionRequest, SystemFacts } from "@mandate/model";
import { compilePolicy } from "./decision-point.ts";
import type { DecisionTrace } from "./trace.ts";
import { registerFacts, request, systemFacts, toolFacts } from "./testing/fixture.ts";

const cedar = `@id("large-refunds") @hold("owners;1;30m") @because("Large refunds need a person.")
forbid (principal, action == Mandate::Action::"tool.call", resource == Mandate::Tool::"refunds.issue") unless { context.input.amount <= 80 };
@id("never-on-sunday") @because("Nobody refunds on Sundays.")
forbid (principal, action == Mandate::Action::"tool.call", resource == Mandate::Tool::"refunds.issue") when { context.input.day == "sunday" };`;

function traced(input: Readonly<Record<string, unknown>>, change: Partial<SystemFacts> = {}, more: Partial<DecisionRequest> = {}): DecisionTrace {
  const facts = registerFacts({}, {
    systems: [systemFacts({ grants: { models: [], tools: ["refunds.issue"], datasets: [], prompts: [], destinations: [] }, policies: ["refunds"], ...change })],
    tools: [toolFacts({ name: "refunds.issue" })],
    policies: [{ name: "refunds", version: 1, cedar }],
  });
  const asked = request({ action: "tool.call", resource: { type: "tool", id: "refunds.issue" }, input, ...more });
  const point = compilePolicy(facts);
  const trace = point.trace(asked)!;
  // INVARIANT: the trace and the decision are of one mind.
  const decisive = trace.rules.find((rule) => rule.decides);
  expect([decisive?.id, `exception:${decisive?.liftedBy}`]).toContain(point.decide(asked).rule ?? undefined);
  return trace;
}
const verdicts = (trace: DecisionTrace): Readonly<Record<string, string>> => Object.fromEntries(trace.rules.map(({ id, verdict }) => [id, verdict]));

describe("what would make it pass", () => {
  const passing = (trace: DecisionTrace, id: string) => trace.rules.find((rule) => rule.id === id)!.passes;
  it("names the attribute and what it has to be, where the rule stands, and nothing of the call's own arguments", () => {
    const trace = traced({ amount: 123456, day: "sunday" });
    expect(passing(trace, "large-refunds")).toEqual([{ attributes: ["context.input.amount"], needs: "context.input.amount <= 80", is: null }]);
    expect(passing(trace, "never-on-sunday")).toEqual([{ attributes: ["context.input.day"], needs: '!(context.input.day == "sunday")', is: null }]);
    expect(JSON.stringify(trace)).not.toContain("123456");
    expect(trace.rules.find(({ id }) => id === "large-refunds")!.policy).toBe("refunds");
    expect(trace.rules.find(({ id }) => id === "two-owners")!.policy).toBeNull();
    expect(passing(trace, "two-owners"), "it passed").toEqual([]);
  });
  it("of the register it says what it was", () => {
    const stopped = traced({ amount: 1, day: "monday" }, { lifecycle: "suspended", status: "refused", statusCode: "system_suspended" });
    expect(passing(stopped, "system-suspended")).toEqual([{ attributes: ["principal.lifecycle"], needs: '!(principal.lifecycle == "suspended")', is: "suspended" }]);
  });
  it("a condition that errs for want of an argument asks for it", () => {
    expect(passing(traced({ day: "sunday" }), "large-refunds")).toMatchObject([{ attributes: ["context.input.amount"], needs: "context.input.amount <= 80" }]);
  });
});

describe("each rule's word on a call", () => {
  it("says which refuses, which holds, which is met, what grants it, and what comes once nothing refuses", () => {
    const trace = traced({ amount: 120, day: "sunday" });
    expect(verdicts(trace)).toMatchObject({ "never-on-sunday": "refuses", "large-refunds": "holds", "grant:tool:refunds.issue": "grants", "system-suspended": "met" });
    expect(trace.rules[0]).toMatchObject({ id: "never-on-sunday", decides: true, because: "Nobody refunds on Sundays.", guardrail: false });
    expect(trace.rules[0]!.text).toContain("sunday");
    expect(trace.withoutRefusals).toBe("hold");
    expect(traced({ amount: 10, day: "sunday" }).withoutRefusals).toBe("allow");
    expect(traced({ amount: 10, day: "monday" }).withoutRefusals).toBeNull();
  });
  it("says what people answered, and what an exception lifted", () => {
    expect(verdicts(traced({ amount: 120, day: "monday" }, {}, { approval: { id: "apr_1", rules: ["large-refunds"], by: ["bea@x"] } }))).toMatchObject({ "large-refunds": "answered" });
    const lifted = traced({ amount: 120, day: "monday" }, { exceptions: [{ id: "exc_1", rule: "large-refunds", until: 4_000_000_000 }] });
    expect(lifted.rules.find(({ id }) => id === "large-refunds")).toMatchObject({ verdict: "lifted", liftedBy: "exc_1" });
  });
  it("says which rule could not be evaluated, and that then nothing is allowed", () => {
    const trace = traced({ day: "sunday" });
    expect(verdicts(trace)["large-refunds"]).toBe("fault");
    expect(trace.withoutRefusals).toBe("deny");
  });
  it("without a grant, no lifted refusal would let it through", () => {
    const trace = traced({ amount: 10, day: "sunday" }, { grants: { models: [], tools: [], datasets: [], prompts: [], destinations: [] } });
    expect(trace.withoutRefusals).toBe("deny");
    expect(trace.rules.some(({ verdict }) => verdict === "grants")).toBe(false);
  });
});
