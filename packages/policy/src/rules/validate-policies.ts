import { policyToJson, validate, type ValidationError } from "@cedar-policy/cedar-wasm/nodejs";
import type { PolicyFacts, RegisterFacts } from "@mandate/model";
import { type CompiledPolicy, compilePolicySet } from "../cedar/policy-set.ts";
import { guardrailIds } from "../guardrails/guardrails.ts";
import { ruleOf } from "../rule.ts";
import { attributePaths } from "./attribute-paths.ts";
import { cedarSchema } from "../schema.ts";
import type { PolicyProblem } from "../types.ts";

const toolKey = /^Mandate::Tool::"(.*)"$/s;
const ownName = /^Mandate::(\w+)::"(.*)"$/s;

/**
 * Checks custom policies against the schema made from this register, each statement with the context type of the tool it
 * names. `onlyPolicy` limits the answer to one. Empty means sound. Statements about `External::` entities have no schema
 * and are only parsed.
 */
export function validatePolicies(facts: RegisterFacts, onlyPolicy?: string): readonly PolicyProblem[] {
  return facts.policies
    .filter((policy) => onlyPolicy === undefined || policy.name === onlyPolicy)
    .flatMap((policy) => validatePolicy(policy, facts));
}

function validatePolicy(policy: PolicyFacts, facts: RegisterFacts): readonly PolicyProblem[] {
  let set: readonly CompiledPolicy[];
  try {
    set = compilePolicySet(policy.cedar);
  } catch (error) {
    return [
      problem(policy.name, null, error instanceof Error ? error.message : "it isn't Cedar", "Correct the Cedar text."),
    ];
  }
  const problems: PolicyProblem[] = [];
  const seen = new Set<string>();
  for (const statement of set) {
    if (guardrailIds.includes(statement.id) || seen.has(statement.id)) {
      problems.push(
        problem(policy.name, statement.id, "this id is taken by another rule", "Give each rule an `@id` of its own."),
      );
    }
    seen.add(statement.id);
    problems.push(...validateStatement(policy.name, statement, facts));
  }
  return problems;
}

function validateStatement(
  policyName: string,
  statement: CompiledPolicy,
  facts: RegisterFacts,
): readonly PolicyProblem[] {
  const annotations = annotationProblems(policyName, statement, facts);
  if (statement.text.includes("External::")) return annotations;
  const unknown = unknownResource(statement, facts);
  if (unknown !== null) {
    return [
      ...annotations,
      problem(policyName, statement.id, `${unknown} is not in the register`, "Correct the name, or register it."),
    ];
  }
  const toolName = toolKey.exec(statement.resource.equals ?? "")?.[1];
  const schema = cedarSchema(facts, toolName, policyName);
  const unknowable = [
    ...(facts.tools.some((tool) => tool.name === toolName && tool.input === null) ? ["input"] : []),
    ...(facts.systems.some((system) => system.policies.includes(policyName)) ? [] : ["session"]),
  ];
  const chains = attributeChains(statement);
  const known = chains.filter(([root, member]) => root !== "context" || !unknowable.includes(member ?? ""));
  const absent = absentAttribute(statement, schema, known);
  if (absent !== null) {
    const message = `${absent} doesn't exist ${toolName === undefined ? "here" : `for tool ${toolName}`}`;
    return [
      ...annotations,
      problem(
        policyName,
        statement.id,
        message,
        "Use an argument the tool declares, or a claim every bound system's tokens carry.",
      ),
    ];
  }
  // A tool that declares no arguments, or a policy that binds nobody yet, leaves nothing to compare these with.
  if (known.length < chains.length) return annotations;
  const answer = validate({
    schema,
    policies: { staticPolicies: { [statement.id]: statement.text } },
    validationSettings: { mode: "strict" },
  });
  if (answer.type === "failure") {
    return [
      ...annotations,
      ...answer.errors.map((error) => problem(policyName, statement.id, error.message, error.help ?? correct)),
    ];
  }
  return [...annotations, ...answer.validationErrors.map((error) => validationProblem(policyName, error))];
}

function attributeChains(statement: CompiledPolicy): readonly (readonly string[])[] {
  const answer = policyToJson(statement.text);
  return answer.type === "failure" ? [] : attributePaths(answer.json.conditions);
}

/**
 * The validator takes `has` on an attribute that can't exist for plainly false and looks no further, so a rule with a
 * misspelled argument would pass it and refuse every call. Asking for each chain alone makes it say so.
 */
function absentAttribute(
  statement: CompiledPolicy,
  schema: string,
  chains: readonly (readonly string[])[],
): string | null {
  const action = statement.action.equals === null ? "action" : `action == ${statement.action.equals}`;
  for (const [root, ...names] of chains) {
    if (!names.every((name) => /^[A-Za-z_]\w*$/.test(name))) continue;
    const probe = `permit (principal, ${action}, resource) when { ${root} has ${names.join(".")} };`;
    const { type, ...found } = validate({
      schema,
      policies: { staticPolicies: { probe } },
      validationSettings: { mode: "strict" },
    });
    const warnings = type === "success" && "validationWarnings" in found ? found.validationWarnings : [];
    if (warnings.length > 0) return [root, ...names].join(".");
  }
  return null;
}

const correct = "Correct the rule; `mandate policy test` shows what it does.";

function validationProblem(policyName: string, { policyId, error }: ValidationError): PolicyProblem {
  return problem(policyName, policyId, error.message, error.help ?? correct);
}

function annotationProblems(
  policyName: string,
  statement: CompiledPolicy,
  facts: RegisterFacts,
): readonly PolicyProblem[] {
  try {
    const { hold } = ruleOf(statement, statement.id, false);
    const groups = new Set(["owners", ...facts.groups.map((group) => group.name)]);
    return (hold?.approvers ?? [])
      .filter(({ group }) => !groups.has(group))
      .map(({ group }) =>
        problem(
          policyName,
          statement.id,
          `group ${group} is not in the register`,
          "Register the group, or name another.",
        ),
      );
  } catch (error) {
    return [
      problem(
        policyName,
        statement.id,
        error instanceof Error ? error.message : "an annotation can't be read",
        "Correct the annotation.",
      ),
    ];
  }
}

function unknownResource(statement: CompiledPolicy, facts: RegisterFacts): string | null {
  const match = ownName.exec(statement.resource.equals ?? "");
  if (match === null) return null;
  const known: Readonly<Record<string, readonly { readonly name: string }[]>> = {
    Tool: facts.tools,
    Model: facts.models,
    Destination: facts.destinations,
    System: facts.systems,
  };
  const [, type, name] = match;
  return known[type!]?.some((object) => object.name === name) === false ? `${type!.toLowerCase()} ${name}` : null;
}

function problem(policy: string, rule: string | null, message: string, remedy: string): PolicyProblem {
  return { policy, rule, message, remedy };
}
