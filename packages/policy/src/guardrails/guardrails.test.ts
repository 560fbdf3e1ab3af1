import { validate } from "@cedar-policy/cedar-wasm/nodejs";
import { refusals } from "@mandate/model";
import { expect, it } from "vitest";
import { cedarSchema } from "../schema.ts";
import { registerFacts } from "../testing/fixture.ts";
import { guardrailIds, guardrails, guardrailsCedar } from "./guardrails.ts";

function problemsOf(cedar: string): readonly unknown[] {
  const answer = validate({
    schema: cedarSchema(registerFacts()),
    policies: { staticPolicies: cedar },
    validationSettings: { mode: "strict" },
  });
  return answer.type === "failure" ? answer.errors : [...answer.validationErrors, ...answer.validationWarnings];
}

it("every guardrail is sound under the schema in strict mode, so none can err", () => {
  expect(problemsOf(guardrailsCedar)).toEqual([]);
});

it("the schema would catch an unguarded optional attribute", () => {
  expect(
    problemsOf(
      "forbid (principal is Mandate::System, action, resource) when { context.purpose == principal.authorization.state };",
    ),
  ).not.toEqual([]);
});

it("every guardrail says its code, its reason, a next step and a control; ids are unique", () => {
  expect(new Set(guardrailIds).size).toBe(guardrails.length);
  for (const { effect, annotations, id } of guardrails) {
    if (effect === "permit") continue;
    expect(annotations.code === "status" || Object.hasOwn(refusals, annotations.code!), id).toBe(true);
    for (const name of ["because", "remedy", "control", "param"])
      expect(annotations[name], `${id} @${name}`).toBeTruthy();
  }
});

it("no guardrail is for one stage alone but production's own authorization", () => {
  const staged = guardrails
    .filter((policy) => policy.text.includes('lifecycle == "production"'))
    .map((policy) => policy.id);
  expect(staged).toEqual(["production-needs-its-own"]);
});
