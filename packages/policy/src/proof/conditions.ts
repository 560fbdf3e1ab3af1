import { policyToJson, policyToText } from "@cedar-policy/cedar-wasm/nodejs";
import { compileExpression, type Environment } from "../cedar/expression.ts";
import { type AttributePath, attributePaths } from "../rules/attribute-paths.ts";
import { isObject, type Json } from "./json.ts";
import { CannotTell } from "./terms.ts";

/** An invariant's condition, read. */
export interface ReadCondition {
  /** With its guards: what is put to the solver and, evaluated by the engine, confirms what the solver found. */
  readonly json: unknown;
  /** What it reads, as written. */
  readonly paths: readonly AttributePath[];
  readonly isMet: (environment: Environment) => boolean;
}

const maxLength = 4000;

/**
 * Each comparison about an attribute that a call lacks is false, wherever it stands: `region == "US"` is not met without a
 * region, and `!(region == "US")` is. As a whole the condition is not guarded, or `!(resource has region)` would be met by
 * no call and so be proven. What errs besides counts as met: an error must not hide a breach.
 * @throws CannotTell when it isn't one Cedar expression
 */
export function readCondition(written: string): ReadCondition {
  if (written.length > maxLength) throw new CannotTell("a condition is text of at most 4000 characters");
  const answer = policyToJson(`permit (principal, action, resource) when {\n${written}\n};`);
  if (answer.type === "failure") throw new CannotTell(`the condition isn't Cedar: ${answer.errors.map((error) => error.message).join("; ")}`);
  const [clause, ...others] = answer.json.conditions;
  // `x } unless { y` would parse
  if (clause === undefined || others.length > 0) throw new CannotTell("a condition is one Cedar expression: join the parts with &&");
  const json = guarded(clause.body);
  const evaluate = compileExpression(json);
  return {
    json,
    paths: attributePaths(clause.body),
    isMet: (environment) => {
      try {
        return evaluate(environment) !== false;
      } catch {
        return true;
      }
    },
  };
}

/** The condition with its guards as Cedar text, in a policy of this head, for the validator. */
export function conditionText(head: string, condition: ReadCondition): string {
  const answer = policyToJson(`${head};`);
  if (answer.type === "failure") throw new CannotTell(answer.errors.map((error) => error.message).join("; "));
  const text = policyToText({ ...answer.json, conditions: [{ kind: "when", body: condition.json as never }] });
  if (text.type === "failure") throw new CannotTell(text.errors.map((error) => error.message).join("; "));
  return text.text;
}

function guarded(expression: unknown): unknown {
  if (!isObject(expression)) return expression;
  const [operator, body] = Object.entries(expression)[0] ?? ["", undefined];
  if (!isObject(body)) return withGuards(expression);
  switch (operator) {
    case "&&":
    case "||":
      return { [operator]: { left: guarded(body.left), right: guarded(body.right) } };
    case "!":
      return { "!": { arg: guarded(body.arg) } };
    case "if-then-else":
      return { [operator]: Object.fromEntries(Object.entries(body).map(([part, inner]) => [part, guarded(inner)])) };
    case "has":
      return withGuards(expression, attributePaths(body.left));
    default:
      return withGuards(expression);
  }
}

function withGuards(expression: Json, paths: readonly AttributePath[] = attributePaths(expression)): unknown {
  const guards = new Map<string, unknown>();
  for (const [root, ...names] of paths) {
    let object: unknown = { Var: root };
    for (const attr of names) {
      guards.set(JSON.stringify([object, attr]), { has: { left: object, attr } });
      object = { ".": { left: object, attr } };
    }
  }
  return [...guards.values()].reduceRight<unknown>((right, left) => ({ "&&": { left, right } }), expression);
}
