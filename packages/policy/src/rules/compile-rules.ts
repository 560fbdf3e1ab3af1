import { policyToJson } from "@cedar-policy/cedar-wasm/nodejs";
import { compileExpression, UnsupportedPolicy } from "../cedar/expression.ts";
import { guardrailIds } from "../guardrails/guardrails.ts";
import { cedarString, literal } from "../rule-book.ts";
import { parseObligations, parseWithin } from "../rule.ts";
import { type AttributePath, attributePaths } from "./attribute-paths.ts";
import type { CompiledRules, PolicyProblem, PolicyRule } from "../types.ts";

const targets = {
  tool: { action: "tool.call", type: "Mandate::Tool" },
  model: { action: "model.call", type: "Mandate::Model" },
  destination: { action: "data.export", type: "Mandate::Destination" },
} as const;

/** Manifest sugar to Cedar text. Never throws: what is wrong is in `problems`, with rule id and remedy. */
export function compileRules(policyName: string, rules: readonly PolicyRule[]): CompiledRules {
  const problems: PolicyProblem[] = [];
  const seen = new Set<string>(guardrailIds);
  const statements: string[] = [];
  for (const rule of rules) {
    try {
      if (!/^[A-Za-z][\w.-]{0,63}$/.test(rule.id))
        throw new RuleError("an id is letters, digits, `.`, `_` and `-`", "Rename the rule.");
      if (seen.has(rule.id))
        throw new RuleError("this id is taken by another rule", "Give each rule an id of its own.");
      seen.add(rule.id);
      statements.push(compileRule(rule));
    } catch (error) {
      problems.push(problemOf(policyName, String(rule.id).slice(0, 64), error));
    }
  }
  return { cedar: statements.join("\n\n"), problems };
}

class RuleError extends Error {
  readonly remedy: string;
  constructor(message: string, remedy: string) {
    super(message);
    this.remedy = remedy;
  }
}

function problemOf(policy: string, rule: string, error: unknown): PolicyProblem {
  const message = error instanceof Error ? error.message : "the rule can't be read";
  const remedy =
    error instanceof RuleError
      ? error.remedy
      : "Correct the rule; conditions are Cedar expressions that say what is fine.";
  return { policy, rule, message, remedy };
}

function compileRule(rule: PolicyRule): string {
  const scope = scopeOf(rule.on);
  const kinds = [rule.denyUnless, rule.holdUnless, rule.redact ?? rule.tokenize].filter((part) => part !== undefined);
  if (kinds.length !== 1) {
    throw new RuleError(
      "a rule has exactly one of `denyUnless`, `holdUnless`, `redact` or `tokenize`",
      "Split it into one rule for each.",
    );
  }
  const head = annotationsOf(rule);
  const condition = rule.denyUnless ?? rule.holdUnless;
  if (condition === undefined) return `${head}\npermit (principal, ${scope});`;
  return `${head}\nforbid (principal, ${scope})\nunless { ${guardedCondition(condition)} };`;
}

function scopeOf(on: unknown): string {
  const [kind, ...rest] = typeof on === "string" ? on.split(":") : [];
  const name = rest.join(":");
  const target = kind !== undefined && Object.hasOwn(targets, kind) ? targets[kind as keyof typeof targets] : undefined;
  if (target === undefined || name === "") {
    throw new RuleError(
      "`on` names no tool, model or destination",
      "Write `on: tool:NAME`, `on: model:NAME` or `on: destination:NAME`.",
    );
  }
  return `action == ${literal("Mandate::Action", target.action)}, resource == ${literal(target.type, name)}`;
}

function annotationsOf(rule: PolicyRule): string {
  const lines = [`@id(${cedarString(rule.id)})`];
  if (rule.because !== undefined) lines.push(`@because(${cedarString(rule.because)})`);
  if (rule.remedies !== undefined && rule.remedies.length > 0)
    lines.push(`@remedies(${cedarString(JSON.stringify(rule.remedies))})`);
  if (rule.holdUnless !== undefined) lines.push(`@hold(${cedarString(holdText(rule))})`);
  else if (rule.approvers !== undefined)
    throw new RuleError("`approvers` without `holdUnless` approve nothing", "Use holdUnless, or remove approvers.");
  const obligation = obligationText(rule);
  if (obligation !== null) lines.push(`@obligation(${cedarString(obligation)})`);
  return lines.join("\n");
}

function holdText({ approvers }: PolicyRule): string {
  if (approvers === undefined) return "owners;1;30m";
  const count = approvers.count ?? 1;
  if (!Number.isInteger(count) || count < 1 || count > 99)
    throw new RuleError("`approvers.count` is a whole number from 1 to 99", "Correct the count.");
  if (approvers.group.includes(";") || approvers.group === "")
    throw new RuleError("`approvers.group` names no group", "Name a Group of the register.");
  const within = approvers.within ?? "30m";
  parseWithin(within);
  return `${approvers.group};${count};${within}`;
}

function obligationText({ redact, tokenize }: PolicyRule): string | null {
  const parts = [
    ...(redact === undefined ? [] : [`redact ${redact.join(",")}`]),
    ...(tokenize === undefined ? [] : [`tokenize ${tokenize.join(",")}`]),
  ];
  if (parts.length === 0) return null;
  const text = parts.join("; ");
  parseObligations(text);
  return text;
}

/**
 * `has && … && (condition)`: every context attribute the condition reads must be there, or the rule forbids. The naive
 * form (`forbid when amount > 80`) errs on a missing amount, and Cedar would skip it.
 */
export function guardedCondition(condition: string): string {
  if (typeof condition !== "string" || condition.length > 4000)
    throw new RuleError("a condition is text of at most 4000 characters", "Shorten it.");
  const answer = policyToJson(`permit (principal, action, resource) when {\n${condition}\n};`);
  if (answer.type === "failure") {
    throw new RuleError(
      `the condition isn't Cedar: ${answer.errors.map((error) => error.message).join("; ")}`,
      "Correct the condition.",
    );
  }
  const [clause, ...others] = answer.json.conditions;
  // `x } unless { y` would parse: one clause in, one clause out, and no policy after it
  if (clause === undefined || others.length > 0)
    throw new RuleError("a condition is one Cedar expression", "Join the parts with &&.");
  compileExpression(clause.body);
  // commented text could swallow what follows, so the condition stands on lines of its own
  const guards = attributePaths(clause.body).map(guardOf);
  return [...guards, `(\n${condition}\n)`].join(" && ");
}

function guardOf([root, ...names]: AttributePath): string {
  if (!names.every((name) => identifier.test(name) && !reserved.has(name))) {
    throw new UnsupportedPolicy(
      "attributes in `spec.rules` have names of letters, digits and `_`; use spec.cedar for others",
    );
  }
  return `${root} has ${names.join(".")}`;
}

const identifier = /^[A-Za-z_]\w*$/;
const reserved = new Set(["true", "false", "if", "then", "else", "in", "is", "like", "has", "__cedar"]);
