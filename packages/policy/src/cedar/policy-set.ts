import { policySetTextToParts, policyToJson } from "@cedar-policy/cedar-wasm/nodejs";
import { asBoolean, compileExpression, type Environment, type Evaluate, UnsupportedPolicy } from "./expression.ts";
import { type Entity, entityKey } from "./values.ts";

/** One policy, ready to be evaluated. Shared by all snapshots: it holds no entity. */
export interface CompiledPolicy {
  /** `@id`, or its place in its text. */
  readonly id: string;
  readonly effect: "permit" | "forbid";
  readonly annotations: Readonly<Record<string, string>>;
  readonly text: string;
  readonly principal: Scope;
  readonly action: Scope;
  readonly resource: Scope;
  /** True when the conditions hold. Throws EvaluationError. */
  readonly holds: (environment: Environment) => boolean;
}

/** Keys of which the entity must be, or descend from, one; `type` when it must be of that type. Null: any. */
export interface Scope {
  readonly type: string | null;
  readonly equals: string | null;
  readonly within: readonly string[] | null;
}

const cacheLimit = 10_000;
const cache = new Map<string, readonly CompiledPolicy[]>();

/**
 * Cedar text to closures, parsed by the reference implementation. Cached by text, because a new snapshot differs from
 * the last in one system and wasm parsing is what costs.
 * @throws UnsupportedPolicy with the parser's message
 */
export function compilePolicySet(text: string): readonly CompiledPolicy[] {
  const known = cache.get(text);
  if (known !== undefined) return known;
  const parts = policySetTextToParts(text);
  if (parts.type === "failure") throw new UnsupportedPolicy(parts.errors.map((error) => error.message).join("; "));
  if (parts.policy_templates.length > 0)
    throw new UnsupportedPolicy("templates (`?principal`, `?resource`) are not accepted");
  // the parser hands them back in no order; as written is the order in which equals are answered and ids are counted
  const written = [...parts.policies].sort((a, b) => text.indexOf(a) - text.indexOf(b));
  const policies = written.map((policy, index) => compilePolicyText(policy, index));
  if (cache.size >= cacheLimit) cache.delete(cache.keys().next().value!);
  cache.set(text, policies);
  return policies;
}

function compilePolicyText(text: string, index: number): CompiledPolicy {
  const answer = policyToJson(text);
  if (answer.type === "failure") throw new UnsupportedPolicy(answer.errors.map((error) => error.message).join("; "));
  const json = answer.json;
  const annotations = Object.fromEntries(
    Object.entries(json.annotations ?? {}).map(([name, value]) => [name, String(value ?? "")]),
  );
  const conditions = json.conditions.map((clause) => ({
    expected: clause.kind === "when",
    evaluate: compileExpression(clause.body),
  }));
  return {
    id: annotations.id ?? `policy${index}`,
    effect: json.effect,
    annotations,
    text,
    principal: compileScope(json.principal),
    action: compileScope(json.action),
    resource: compileScope(json.resource),
    holds: conjunction(conditions),
  };
}

function conjunction(conditions: readonly { readonly expected: boolean; readonly evaluate: Evaluate }[]) {
  return (environment: Environment): boolean => {
    for (const condition of conditions) {
      if (asBoolean(condition.evaluate(environment)) !== condition.expected) return false;
    }
    return true;
  };
}

type Uid = { readonly type: string; readonly id: string };
type ScopeJson = {
  readonly op: string;
  readonly entity?: unknown;
  readonly entities?: unknown;
  readonly entity_type?: unknown;
  readonly in?: unknown;
};

function compileScope(json: ScopeJson): Scope {
  switch (json.op) {
    case "All":
      return { type: null, equals: null, within: null };
    case "==":
      return { type: null, equals: uidKey(json.entity), within: null };
    case "in":
      return {
        type: null,
        equals: null,
        within: Array.isArray(json.entities) ? json.entities.map(uidKey) : [uidKey(json.entity)],
      };
    case "is": {
      const inside = json.in as { readonly entity?: unknown } | null | undefined;
      return { type: String(json.entity_type), equals: null, within: inside ? [uidKey(inside.entity)] : null };
    }
    default:
      throw new UnsupportedPolicy("this scope is not supported");
  }
}

function uidKey(json: unknown): string {
  const outer = json as { readonly __entity?: Uid } & Partial<Uid>;
  const uid = outer?.__entity ?? outer;
  if (typeof uid?.type !== "string" || typeof uid.id !== "string")
    throw new UnsupportedPolicy("malformed entity in a scope");
  return entityKey(uid.type, uid.id);
}

export function scopeMatches(scope: Scope, entity: Entity): boolean {
  if (scope.equals !== null) return scope.equals === entity.key;
  if (scope.type !== null && scope.type !== entity.type) return false;
  if (scope.within === null) return true;
  for (const key of scope.within) if (entity.ancestors.has(key)) return true;
  return false;
}
