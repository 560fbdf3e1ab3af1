import { cleanLabels, type DecisionRequest, type RegisterFacts, type SystemFacts } from "@mandate/model";
import { describe, expect, it } from "vitest";
import { compilePolicy } from "./decision-point.ts";
import { registerFacts, request, systemFacts, toolFacts } from "./testing/fixture.ts";
import type { PolicyDecision } from "./types.ts";

function decide(
  changes: Partial<DecisionRequest> = {},
  system: Partial<SystemFacts> = {},
  facts: Partial<RegisterFacts> = {},
): PolicyDecision {
  return compilePolicy(registerFacts(system, facts)).decide(request(changes));
}

const exportTo = (id: string, data: Partial<DecisionRequest["data"]> = {}): Partial<DecisionRequest> => ({
  action: "data.export",
  resource: { type: "destination", id },
  input: null,
  data: { classes: ["personal"], region: "EEA", sensitivity: null, ...data },
});
const untrusted = { ...cleanLabels, untrusted: true };

describe("money and arguments", () => {
  const amount = (value: unknown) => decide({ input: { order: "A1", amount: { value, currency: "EUR" } } });
  it('"40" reads as "40.0"; five places, numbers and nonsense refuse', () => {
    expect(amount("40").outcome).toBe("allow");
    expect(amount("80.0000").outcome).toBe("allow");
    for (const value of ["40.00001", 40, "4e1", "", "NaN", "99999999999999999999"]) {
      expect(amount(value)).toMatchObject({
        outcome: "deny",
        code: "policy",
        param: "input.amount.value",
        rule: "input-exact",
      });
    }
  });
  it("a missing or differently shaped amount is held, never allowed", () => {
    for (const input of [
      {},
      { order: "A1" },
      { amount: "40.00" },
      { amount: { currency: "EUR" } },
      { amount: null },
      null,
    ]) {
      expect(decide({ input }).outcome).toBe("hold");
    }
  });
  it("inherited and prototype names are no arguments", () => {
    const input = JSON.parse('{"__proto__": {"amount": {"value": "1", "currency": "EUR"}}, "constructor": 1}');
    expect(decide({ input }).outcome).toBe("hold");
  });
  it("a bottomless or enormous argument is refused, not followed", () => {
    let deep: unknown = 1;
    for (let level = 0; level < 5000; level += 1) deep = [deep];
    const tools = [toolFacts({ name: "refunds.issue" })];
    expect(decide({ input: { deep } }, { policies: [] }, { tools, policies: [] }).outcome).toBe("deny");
    expect(
      decide({ input: { wide: new Array(100_000).fill("x") } }, { policies: [] }, { tools, policies: [] }).outcome,
    ).toBe("deny");
  });
});

describe("G11: what can't be evaluated is refused and raises an alert", () => {
  const withPolicy = (cedar: string, changes: Partial<DecisionRequest> = {}) =>
    decide(changes, { policies: ["own"] }, { policies: [{ name: "own", version: 1, cedar }] });

  it("a forbid that errs denies, though Cedar would skip it", () => {
    const decision = withPolicy(
      '@id("naive") forbid (principal, action, resource) when { context.input.amount.value.greaterThan(decimal("80.0")) };',
      { input: {} },
    );
    expect(decision).toMatchObject({ outcome: "deny", code: "policy", rule: "naive" });
    expect(decision.alert).toContain("naive");
  });
  it("a permit that errs denies too", () => {
    expect(
      withPolicy('@id("p") permit (principal, action, resource) when { Mandate::Model::"gone".known };').alert,
    ).toContain("p");
  });
  it("a policy that doesn't compile, or that the register lacks, refuses the systems it binds", () => {
    expect(withPolicy("forbid (").alert).toContain("own");
    expect(withPolicy("permit (principal == ?principal, action, resource);").outcome).toBe("deny");
    expect(withPolicy('@hold("x;0") forbid (principal, action, resource);').outcome).toBe("deny");
    expect(decide({}, { policies: ["gone"] })).toMatchObject({ outcome: "deny", code: "policy" });
  });
  it("never throws, whatever is asked", () => {
    const point = compilePolicy(registerFacts());
    const odd = [
      {},
      { ...request(), labels: { ...cleanLabels, maxSensitivity: "harmless" } },
      { ...request(exportTo("zendesk-eu", { sensitivity: "none" as never })) },
      { ...request(), now: Number.NaN },
      { ...request(), labels: null },
      { ...request(), resource: { type: "model", id: "x" } },
      { ...request(), action: "fly" },
      { ...request(), data: undefined },
    ];
    for (const question of odd)
      expect(point.decide(question as unknown as DecisionRequest)).toMatchObject({ outcome: "deny" });
    expect(point.decideExternal({} as never)).toMatchObject({ outcome: "deny" });
  });
  it("a rule can't take a guardrail's id to be approved in its place", () => {
    const cedar = '@id("untrusted-session") @hold("care-leads;1;30m") forbid (principal, action, resource);';
    const held = withPolicy(cedar);
    expect(held.rule).toBe("own/untrusted-session#0");
    expect(withPolicy(cedar, { labels: untrusted, approval: { id: "a", rules: [held.rule!], by: [] } }).outcome).toBe(
      "hold",
    );
  });
  it("a custom rule can't dress its refusal up with another code", () => {
    expect(withPolicy('@id("x") @code("system_retired") forbid (principal, action, resource);').code).toBe("policy");
  });
});

describe("verdicts combine by rule", () => {
  const rules = (...cedar: string[]) =>
    decide({}, { policies: ["own"] }, { policies: [{ name: "own", version: 1, cedar: cedar.join("\n") }] });
  const permit = (id: string, obligation: string): string =>
    `@id("${id}") @obligation("${obligation}") permit (principal, action, resource);`;

  it("a denial outranks a hold, a hold an allow", () => {
    const hold = '@id("h") @hold("") forbid (principal, action, resource);';
    expect(rules(hold, '@id("d") forbid (principal, action, resource);').outcome).toBe("deny");
    expect(rules(hold).hold).toEqual({ approvers: [{ group: "owners", count: 1 }], withinSeconds: 1800 });
  });
  it("obligations unite, the smaller cap wins", () => {
    expect(
      rules(permit("a", "redact email; cap max_tokens=100"), permit("b", "redact phone; cap max_tokens=50; log full"))
        .obligations,
    ).toEqual([
      { kind: "redact", types: ["email", "phone"] },
      { kind: "cap", field: "max_tokens", max: 50 },
      { kind: "log", detail: "full" },
    ]);
  });
  it("obligations that conflict deny", () => {
    expect(rules(permit("a", "redact email"), permit("b", "tokenize email"))).toMatchObject({
      outcome: "deny",
      code: "policy",
    });
    expect(rules(permit("a", "log full"), permit("b", "log metadata")).outcome).toBe("deny");
  });
  it("a policy no system names binds every system; one that another names doesn't", () => {
    const policies = [{ name: "all", version: 1, cedar: '@id("x") forbid (principal, action, resource);' }];
    expect(decide({}, { policies: [] }, { policies }).rule).toBe("x");
    const systems = [systemFacts({ policies: [] }), systemFacts({ name: "other", policies: ["all"] })];
    expect(decide({}, {}, { policies, systems }).outcome).toBe("allow");
  });
});
