import type { DecisionRequest, PolicyFacts, Verdict } from "@mandate/model";
import { CedarRecord, CedarSet, Datetime, Decimal, Duration, Entity, IpAddress, type Value } from "../cedar/values.ts";
import { evaluate } from "../decision-point.ts";
import { buildRuleBook } from "../rule-book.ts";
import type { AttributePath } from "../rules/attribute-paths.ts";
import { buildWorld } from "../world.ts";
import { attributePaths } from "../rules/attribute-paths.ts";
import type { Replayed } from "./replay.ts";
import { under, type Witness } from "./witness.ts";

/** One call that shows it, as the engine decides it. */
export interface Example {
  readonly system: string;
  readonly action: DecisionRequest["action"];
  /** `tool:refunds.issue`. */
  readonly resource: string;
  /** In one sentence. */
  readonly words: string;
  /** What the rules in question read of it: `context.input.amount`, `900`. */
  readonly details: readonly { readonly path: string; readonly value: string }[];
  /** Null where only one version was asked. */
  readonly before: { readonly outcome: Verdict; readonly rule: string | null } | null;
  readonly after: { readonly outcome: Verdict; readonly rule: string | null };
  /** The whole question, for `mandate check` and for doubters. */
  readonly request: DecisionRequest;
}

export const pathsOf = attributePaths;

interface Shown {
  readonly paths: readonly AttributePath[];
  readonly policies: readonly PolicyFacts[];
  readonly before: Replayed | null;
  readonly after: Replayed;
  readonly words?: string;
}

export function exampleOf(witness: Witness, { paths, policies, before, after, words }: Shown): Example {
  const { request } = witness;
  const facts = under(witness, policies);
  const { forbidEnvironment } = evaluate(request, facts.systems[0]!, buildWorld(facts), buildRuleBook(facts));
  const said = new Map<string, string>();
  for (const [root, ...names] of paths) {
    if (said.size >= 20) break;
    const start = root === "principal" || root === "resource" || root === "context" ? forbidEnvironment[root] : null;
    const value = start === null || names.length === 0 ? undefined : valueAt(start, names);
    said.set([root, ...names].join("."), value === undefined ? "absent" : shortened(textOf(value)));
  }
  const verdict = ({ decision }: Replayed) => ({ outcome: decision.outcome, rule: decision.rule });
  const approved = after.decision.outcome === "hold" && after.approved.outcome === "allow";
  return {
    system: request.system,
    action: request.action,
    resource: `${request.resource.type}:${request.resource.id}`,
    words: words ?? (approved ? "It would be allowed once people said yes." : "It would be allowed."),
    details: [...said].map(([path, value]) => ({ path, value })),
    before: before === null ? null : verdict(before),
    after: verdict(after),
    request,
  };
}

function valueAt(start: Value, names: readonly string[]): Value | undefined {
  let current: Value | undefined = start;
  for (const name of names) {
    if (current instanceof CedarRecord) current = current.fields.get(name);
    else if (current instanceof Entity) current = current.attributes?.get(name);
    else return undefined;
  }
  return current;
}

function textOf(value: Value): string {
  if (typeof value === "string") return JSON.stringify(value);
  if (typeof value !== "object") return `${value}`;
  if (value instanceof Entity) return value.id;
  if (value instanceof CedarSet) return `[${value.items.map(textOf).join(", ")}]`;
  if (value instanceof CedarRecord) return `{${[...value.fields].map(([name, field]) => `${name}: ${textOf(field)}`).join(", ")}}`;
  if (value instanceof Decimal) return `${Number(value.units) / 10_000}`;
  if (value instanceof Datetime || value instanceof Duration) return `${value.ms} ms`;
  return value instanceof IpAddress ? "an address" : "";
}

const shortened = (text: string): string => (text.length > 200 ? `${text.slice(0, 199)}…` : text);
