import type { DecisionRequest } from "@mandate/model";
import { compilePolicy } from "@mandate/policy";
import { registerFacts, request, systemFacts, toolFacts } from "@mandate/policy/testing";
import { describe, expect, test } from "vitest";
import { type CheckedCall, checkNames, checksOf } from "./checks.ts";

const cedar = '@id("limit") @hold("owners;1;30m") @because("Large ones wait.")\nforbid (principal, action == Mandate::Action::"tool.call", resource == Mandate::Tool::"refunds.issue") unless { context has input && context.input has amount && context.input.amount <= 80 };';
const call = (more: Partial<CheckedCall> = {}): CheckedCall => ({ outcome: "allow", code: null, action: "tool.call", surface: "mcp", resource: "tool:refunds.issue", system: "desk", credential: "cred_1", ...more });

function asked(input: Readonly<Record<string, unknown>>, more: object = {}, change: Partial<DecisionRequest> = {}) {
  const system = systemFacts({ name: "desk", grants: { models: [], tools: ["refunds.issue"], datasets: [], prompts: [], destinations: [] }, policies: ["refunds"], ...more });
  const point = compilePolicy(registerFacts({}, { systems: [system], tools: [toolFacts({ name: "refunds.issue" })], policies: [{ name: "refunds", version: 1, cedar }] }));
  const question = request({ system: "desk", action: "tool.call", resource: { type: "tool", id: "refunds.issue" }, input, ...change });
  return { request: question, system, decision: point.decide(question), rules: point.trace(question)!.rules };
}
const states = (checks: ReturnType<typeof checksOf>): Readonly<Record<string, string>> => Object.fromEntries(checks.map(({ check, state }) => [check, state]));

describe("every check of a call, in its order", () => {
  test("an allowed call passed each", () => {
    const checks = checksOf(call(), asked({ amount: 10 }), true);
    expect(checks.map((one) => one.check)).toEqual(checkNames);
    expect(new Set(checks.map((one) => one.state))).toEqual(new Set(["passed"]));
  });
  test("a held one passed what came before the rule and never came to limits", () => {
    expect(states(checksOf(call({ outcome: "hold", code: "approval_required" }), asked({ amount: 900 }), true))).toMatchObject({ identity: "passed", detectors: "passed", authorization: "passed", destination: "passed", rules: "held", obligations: "not_run", limits: "not_run" });
  });
  test("what wasn't granted is refused at its destination, and the rules beside it are still told", () => {
    const ungranted = { grants: { models: [], tools: [], datasets: [], prompts: [], destinations: [] } };
    expect(states(checksOf(call({ outcome: "deny", code: "not_granted" }), asked({ amount: 10 }, ungranted), true))).toMatchObject({ authorization: "passed", destination: "refused", limits: "not_run" });
  });
  test("a revoked key ends it before any rule: nothing after it ran", () => {
    const checks = states(checksOf(call({ outcome: "deny", code: "credential_revoked" }), null, false));
    expect(checks).toMatchObject({ identity: "passed", status: "passed", credential: "refused" });
    expect(checkNames.slice(3).map((name) => checks[name])).toEqual(checkNames.slice(3).map(() => "not_run"));
  });
  test("what was erased is not known, and never counted as passed", () => {
    expect(states(checksOf(call({ outcome: "deny", code: "policy" }), null, true))).toMatchObject({ authorization: "not_known", destination: "not_known", rules: "refused" });
    expect(states(checksOf(call({ outcome: "deny", code: "upstream_timeout" }), null, false)).limits).toBe("not_known");
  });
  test("what it looked at holds no argument and no claim", () => {
    const checks = checksOf(call({ outcome: "hold", code: "approval_required" }), asked({ amount: 987654, note: "Ada Lovelace" }, {}, { session: { sub: "u-secret" } }), true);
    expect(JSON.stringify(checks)).not.toMatch(/987654|Lovelace|u-secret/);
  });
});
