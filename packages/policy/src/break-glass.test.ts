import { cleanLabels, type BreakGlassFacts, type DecisionRequest, type SystemFacts } from "@mandate/model";
import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { isLiftable } from "./break-glass.ts";
import { compilePolicy } from "./decision-point.ts";
import { guardrailIds } from "./guardrails/guardrails.ts";
import { now, registerFacts, request, systemFacts } from "./testing/fixture.ts";
import type { PolicyDecision } from "./types.ts";

/** Everything there is to name: what two people in a hurry, or one attacker, would write down. */
const everything = [...guardrailIds, "refund-limit", "own-customer", "mask-export", "bans-social-scoring"];
const opened = (rules: readonly string[] = everything, until = now + 3600): BreakGlassFacts => ({
  name: "payments-down",
  rules,
  until,
});

function decide(
  changes: Partial<DecisionRequest>,
  system: Partial<SystemFacts> = {},
  breakGlass: readonly BreakGlassFacts[] = [opened()],
): PolicyDecision {
  return compilePolicy(registerFacts({ ...system, breakGlass })).decide(request(changes));
}
const refund = (value: string): Partial<DecisionRequest> => ({
  action: "tool.call",
  resource: { type: "tool", id: "refunds.issue" },
  input: { order: "A1", amount: { value, currency: "EUR" } },
});

describe("break-glass", () => {
  it("lifts the organization's own rule while it lasts, and says so in rule and reason", () => {
    expect(decide(refund("146.20"), {}, []).outcome).toBe("hold");
    const lifted = decide(refund("146.20"));
    expect(lifted).toMatchObject({ outcome: "allow", rule: "break-glass:payments-down" });
    expect(lifted.reason).toContain("Break-glass payments-down lifted refund-limit.");
    expect(lifted.matched).toContain("refund-limit");
  });

  it("lifts the hold on an untrusted session", () => {
    const labels = { ...cleanLabels, untrusted: true };
    expect(decide({ ...refund("10.00"), labels }, {}, []).outcome).toBe("hold");
    expect(decide({ ...refund("10.00"), labels }).outcome).toBe("allow");
  });

  it("ends at the call, and lifts nothing it doesn't name", () => {
    expect(decide(refund("146.20"), {}, [opened(everything, now)]).outcome).toBe("hold");
    expect(decide(refund("146.20"), {}, [opened(["own-customer"])]).outcome).toBe("hold");
  });

  it("says nothing of itself where nothing had to be lifted", () => {
    expect(decide(refund("40.00")).rule).not.toContain("break-glass");
  });

  it("never lifts a guarantee, whatever it names: no authorization, an ended one, suspension, Article 5, secrets, another version, ungranted things", () => {
    const authorization = systemFacts().authorization!;
    const refused: readonly (readonly [string, PolicyDecision])[] = [
      ["prohibited", decide(refund("10.00"), { tier: "X" })],
      ["data_boundary", decide({ ...refund("10.00"), data: { ...request().data, classes: ["secret"] } })],
      ["system_suspended", decide(refund("10.00"), { lifecycle: "suspended" })],
      ["not_authorized", decide(refund("10.00"), { authorization: null })],
      ["authorization_expired", decide(refund("10.00"), { authorization: { ...authorization, ends: now } })],
      ["reassessment_required", decide(refund("10.00"), { differences: ["tool:refunds.issue"] })],
      ["not_granted", decide(refund("10.00"), { grants: { ...systemFacts().grants, tools: [] } })],
    ];
    for (const [code, decision] of refused) expect([decision.outcome, decision.code], code).toEqual(["deny", code]);
  });

  it("of all guardrails only the listed one can be lifted, so that a new one can't be by default", () => {
    const rule = (id: string) =>
      ({ id, guardrail: true, policy: { annotations: {} } }) as unknown as Parameters<typeof isLiftable>[0];
    expect(guardrailIds.filter((id) => isLiftable(rule(id)))).toEqual(["untrusted-session"]);
  });

  it("never lifts a rule of the organization that cites Article 5", () => {
    const rule = (control: string) =>
      ({ id: "bans-social-scoring", guardrail: false, policy: { annotations: { control } } }) as unknown as Parameters<
        typeof isLiftable
      >[0];
    for (const control of ["EU-AI-ACT:5", "EU-AI-ACT:5.1.c", "EU-AI-ACT:5(1)(c)"])
      expect(isLiftable(rule(control)), control).toBe(false);
    for (const control of ["EU-AI-ACT:50", "CSF:PR.DS-10"]) expect(isLiftable(rule(control)), control).toBe(true);
  });

  it("never allows what its system would be denied without the liftable rules", () => {
    const point = (
      breakGlass: readonly BreakGlassFacts[],
      tier: SystemFacts["tier"],
      lifecycle: SystemFacts["lifecycle"],
    ) => compilePolicy(registerFacts({ tier, lifecycle, breakGlass }));
    fc.assert(
      fc.property(
        fc.constantFrom("T1", "T3", "X") as fc.Arbitrary<SystemFacts["tier"]>,
        fc.constantFrom("pilot", "suspended", "proposed") as fc.Arbitrary<SystemFacts["lifecycle"]>,
        fc.subarray(everything),
        fc.boolean(),
        (tier, lifecycle, rules, secret) => {
          const asked = request({
            ...refund("146.20"),
            data: { ...request().data, classes: secret ? ["secret"] : [] },
          });
          const before = point([], tier, lifecycle).decide(asked);
          const after = point([opened(rules)], tier, lifecycle).decide(asked);
          return before.outcome !== "deny" || (after.outcome === "deny" && after.code === before.code);
        },
      ),
      { numRuns: 60 },
    );
  });
});
