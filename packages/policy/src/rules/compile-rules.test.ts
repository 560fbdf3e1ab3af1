import { describe, expect, it } from "vitest";
import { compilePolicy } from "../decision-point.ts";
import {
  conciergeRules,
  conciergeTests,
  now,
  registerFacts,
  request,
  systemFacts,
  toolFacts,
} from "../testing/fixture.ts";
import { runPolicyTests } from "../testing/run-policy-tests.ts";
import type { PolicyRule } from "../types.ts";
import { compileRules } from "./compile-rules.ts";
import { validatePolicies } from "./validate-policies.ts";

const rule = (changes: Partial<PolicyRule>): PolicyRule => ({ id: "r", on: "tool:refunds.issue", ...changes });
const problem = (changes: Partial<PolicyRule>): string | undefined =>
  compileRules("p", [rule(changes)]).problems[0]?.message;

describe("rule sugar", () => {
  it("compiles the example without a problem, and the example's five tests pass", () => {
    expect(compileRules("support-concierge", conciergeRules).problems).toEqual([]);
    expect(validatePolicies(registerFacts())).toEqual([]);
    const results = runPolicyTests(registerFacts(), "support-concierge", conciergeTests, now);
    expect(results.map(({ name, passed }) => [name, passed])).toEqual(conciergeTests.map(({ name }) => [name, true]));
  });

  it("tests run for a policy no system carries, on a system that lacks everything", () => {
    const systems = [
      systemFacts({
        lifecycle: "proposed",
        authorization: null,
        missing: ["owners.business"],
        grants: { models: [], tools: [], datasets: [], prompts: [], destinations: [] },
      }),
    ];
    expect(
      runPolicyTests(registerFacts({}, { systems }), "support-concierge", conciergeTests, now).every(
        (result) => result.passed,
      ),
    ).toBe(true);
    expect(
      runPolicyTests(registerFacts({}, { systems: [] }), "support-concierge", conciergeTests, now).every(
        (result) => result.passed,
      ),
    ).toBe(true);
  });

  it("a failing expectation is reported, not hidden", () => {
    const [result] = runPolicyTests(
      registerFacts(),
      "support-concierge",
      [{ ...conciergeTests[1]!, expect: "allow" }],
      now,
    );
    expect(result).toMatchObject({ passed: false, expected: "allow", decision: { outcome: "hold" } });
  });

  it("a missing attribute forbids, in whichever branch of the condition it is read", () => {
    const { cedar } = compileRules("p", [
      rule({ denyUnless: 'context.input.order == "A1" || context.session.vip == "yes"' }),
    ]);
    const facts = registerFacts({ policies: ["p"] }, { policies: [{ name: "p", version: 1, cedar }] });
    const outcome = (session: object) => compilePolicy(facts).decide(request({ session: { ...session } })).outcome;
    expect(outcome({})).toBe("deny");
    expect(outcome({ vip: "no" })).toBe("allow");
  });

  it.each([
    ["two kinds", { denyUnless: "true", holdUnless: "true" }],
    ["no kind", {}],
    ["an unknown target", { on: "person:bob", denyUnless: "true" }],
    ["no target", { on: "tool:", denyUnless: "true" }],
    ["what isn't Cedar", { denyUnless: "1 +" }],
    ["a second statement", { denyUnless: "true }; permit (principal, action, resource) when { true" }],
    ["a second clause", { denyUnless: "true } unless { false" }],
    ["a huge number", { denyUnless: "context.now < 9223372036854775807" }],
    ["a guardrail's id", { id: "grant-required", denyUnless: "true" }],
    ["an id that isn't one", { id: 'x"', denyUnless: "true" }],
    ["a time that isn't one", { holdUnless: "true", approvers: { group: "g", within: "soon" } }],
    ["a count of none", { holdUnless: "true", approvers: { group: "g", count: 0 } }],
    ["a group that hides another field", { holdUnless: "true", approvers: { group: "g;1;7d" } }],
    ["approvers of a denial", { denyUnless: "true", approvers: { group: "g" } }],
    ["a redaction of nothing", { redact: [] }],
    ["an attribute only brackets can name", { denyUnless: 'context.input["a b"] == "x"' }],
  ] as const)("refuses %s, with the rule's id and a remedy", (_name, changes) => {
    const { cedar, problems } = compileRules("p", [rule(changes)]);
    expect(cedar).toBe("");
    expect(problems).toHaveLength(1);
    expect(problems[0]!.remedy).not.toBe("");
  });

  it("a comment in a condition can't swallow what follows", () => {
    expect(problem({ denyUnless: "true // always" })).toBeUndefined();
  });

  it("texts with quotes, backslashes and line breaks stay text", () => {
    const because = 'He said "no" \\ \n then");permit(principal,action,resource);//';
    const { cedar, problems } = compileRules("p", [rule({ denyUnless: "false", because })]);
    expect(problems).toEqual([]);
    const facts = registerFacts({ policies: ["p"] }, { policies: [{ name: "p", version: 1, cedar }] });
    expect(compilePolicy(facts).decide(request()).reason).toContain(because.slice(1));
  });

  it("the same id twice is refused", () => {
    expect(compileRules("p", [rule({ denyUnless: "true" }), rule({ denyUnless: "true" })]).problems).toHaveLength(1);
  });
});

describe("validation against the register's schema", () => {
  const problems = (cedar: string, changes = {}) =>
    validatePolicies(
      registerFacts({ policies: ["p"], ...changes }, { policies: [{ name: "p", version: 1, cedar }] }),
      "p",
    );
  const on = (condition: string, tool = "refunds.issue"): string =>
    compileRules("p", [rule({ on: `tool:${tool}`, denyUnless: condition })]).cedar;

  it.each([
    ["an argument the tool doesn't declare", on('context.input.ordr == "A1"')],
    ["money compared as text", on('context.input.amount.value == "40.00"')],
    ["a session claim the system's tokens don't carry", on('context.session.role == "x"')],
    ["a tool that isn't registered", on("true", "refunds.isue")],
    [
      "an argument of any tool at once",
      'forbid (principal, action == Mandate::Action::"tool.call", resource) when { context.input has order && context.input.order == "A" };',
    ],
    ["a hold for an unknown group", '@hold("nobody;1;30m") forbid (principal, action, resource);'],
    ["what isn't Cedar", "forbid ("],
    ["templates", "permit (principal == ?principal, action, resource);"],
    [
      "an unguarded optional attribute",
      'forbid (principal, action == Mandate::Action::"tool.call", resource == Mandate::Tool::"refunds.issue") when { context.input.order == "A" };',
    ],
    ["an unreadable obligation", '@obligation("mask everything") permit (principal, action, resource);'],
  ])("finds %s", (_name, cedar) => {
    const found = problems(cedar);
    expect(found.length).toBeGreaterThan(0);
    expect(found[0]!.remedy).not.toBe("");
  });

  it("accepts what the tool declares and the tokens carry", () => {
    expect(
      problems(
        on('context.input.order == context.session.customer && context.input.amount.value.lessThan(decimal("5.0"))'),
      ),
    ).toEqual([]);
  });

  it("says nothing of arguments a tool never declared, or of claims while no system is bound", () => {
    const cedar = on('context.input.anything == "x"', "bare");
    const policies = [{ name: "p", version: 1, cedar }];
    const bare = { tools: [toolFacts({ name: "bare", input: null })], policies };
    expect(validatePolicies(registerFacts({ policies: ["p"] }, bare), "p")).toEqual([]);
    const claims = [{ name: "p", version: 1, cedar: on('context.session.role == "x"') }];
    expect(validatePolicies(registerFacts({ policies: [] }, { policies: claims }), "p")).toEqual([]);
  });

  it("generates types for each kind of argument", () => {
    const input = {
      type: "object",
      properties: {
        n: { type: "integer" },
        x: { type: "number" },
        b: { type: "boolean" },
        tags: { type: "array", items: { type: "string" } },
        o: { type: "object", properties: { deep: { type: "string" } } },
        any: {},
      },
    };
    const facts = registerFacts(
      { policies: ["p"] },
      {
        tools: [toolFacts({ name: "t", input })],
        policies: [
          {
            name: "p",
            version: 1,
            cedar: on(
              'context.input.n < 3 && context.input.x.lessThan(decimal("1.5")) && context.input.b && context.input.tags.contains("a") && context.input.o.deep like "d*"',
              "t",
            ),
          },
        ],
      },
    );
    expect(validatePolicies(facts)).toEqual([]);
    const granted = {
      ...facts,
      systems: [systemFacts({ policies: ["p"], grants: { ...systemFacts().grants, tools: ["t"] } })],
    };
    const call = (changes: object) =>
      compilePolicy(granted).decide(
        request({
          resource: { type: "tool", id: "t" },
          input: { n: 2, x: 1.25, b: true, tags: ["a"], o: { deep: "down" }, ...changes },
        }),
      ).outcome;
    expect(call({})).toBe("allow");
    for (const wrong of [
      { n: "2" },
      { x: 1.23456 },
      { x: 1e300 },
      { b: 1 },
      { tags: "a" },
      { tags: ["a", 1] },
      { o: [] },
      { n: 2 ** 60 },
    ])
      expect(call(wrong), JSON.stringify(wrong)).toBe("deny");
  });
});
