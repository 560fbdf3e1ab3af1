import type { PolicyFacts, RegisterFacts, SystemFacts } from "@mandate/model";
import { type CompiledPolicy, compilePolicySet, scopeMatches } from "./cedar/policy-set.ts";
import { type Entity, entityKey } from "./cedar/values.ts";
import { guardrailIds, guardrails } from "./guardrails/guardrails.ts";
import { type Rule, ruleOf } from "./rule.ts";
import type { PolicyProblem } from "./types.ts";
import { actionEntity, entityTypes } from "./world.ts";

/** The rules that can apply to one system and action, by the resource they name. */
export interface Slice {
  readonly forbids: readonly Rule[];
  readonly permits: readonly Rule[];
  readonly forbidsOn: ReadonlyMap<string, readonly Rule[]>;
  readonly permitsOn: ReadonlyMap<string, readonly Rule[]>;
  /** A custom policy that binds this system and could not be compiled; then nothing is allowed (G11). */
  readonly broken: string | null;
}

/** All rules of one snapshot, and which bind whom. */
export interface RuleBook {
  readonly problems: readonly PolicyProblem[];
  readonly guardrails: readonly Rule[];
  /** Every custom rule, for questions outside our domain. */
  readonly custom: readonly Rule[];
  slice(system: SystemFacts, principal: Entity, action: Entity): Slice;
}

const guardrailRules: readonly Rule[] = guardrails.map((policy) => ruleOf(policy, policy.id, true));

export function buildRuleBook(facts: RegisterFacts): RuleBook {
  const compiled = compileCustom(facts.policies);
  const attached = new Set(facts.systems.flatMap((system) => system.policies));
  // a policy that no system names is the organization's: it binds every system
  const common = facts.policies.filter((policy) => !attached.has(policy.name)).map((policy) => policy.name);
  const commonRules = bucketByPrincipal(common.flatMap((name) => compiled.rules.get(name) ?? []));
  const commonBroken = common.find((name) => compiled.broken.has(name)) ?? null;
  const slices = new Map<string, Slice>();

  return {
    problems: compiled.problems,
    guardrails: guardrailRules,
    custom: [...compiled.rules.values()].flat(),
    slice: (system, principal, action) => {
      const key = `${action.id}|${system.name}`;
      const known = slices.get(key);
      if (known !== undefined) return known;
      const own = system.policies.flatMap((name) => compiled.rules.get(name) ?? []);
      const missing = system.policies.find((name) => !compiled.rules.has(name)) ?? null;
      const candidates = [
        ...guardrailRules,
        ...own,
        ...(commonRules.get(principal.key) ?? []),
        ...(commonRules.get(anyone) ?? []),
        ...grantRules(system, action),
      ];
      const slice = sliceOf(candidates, principal, action, missing ?? commonBroken);
      slices.set(key, slice);
      return slice;
    },
  };
}

const anyone = "";

function bucketByPrincipal(rules: readonly Rule[]): ReadonlyMap<string, readonly Rule[]> {
  return Map.groupBy(rules, (rule) => rule.policy.principal.equals ?? anyone);
}

function sliceOf(candidates: readonly Rule[], principal: Entity, action: Entity, broken: string | null): Slice {
  const matching = candidates.filter(
    ({ policy }) => scopeMatches(policy.principal, principal) && scopeMatches(policy.action, action),
  );
  const pick = (effect: "permit" | "forbid", named: boolean): readonly Rule[] =>
    matching.filter(({ policy }) => policy.effect === effect && (policy.resource.equals !== null) === named);
  const byResource = (rules: readonly Rule[]): ReadonlyMap<string, readonly Rule[]> =>
    Map.groupBy(rules, (rule) => rule.policy.resource.equals!);
  return {
    forbids: pick("forbid", false),
    permits: pick("permit", false),
    forbidsOn: byResource(pick("forbid", true)),
    permitsOn: byResource(pick("permit", true)),
    broken,
  };
}

interface CustomRules {
  readonly rules: ReadonlyMap<string, readonly Rule[]>;
  readonly broken: ReadonlySet<string>;
  readonly problems: readonly PolicyProblem[];
}

function compileCustom(policies: readonly PolicyFacts[]): CustomRules {
  const sets = new Map<string, readonly CompiledPolicy[]>();
  const problems: PolicyProblem[] = [];
  const uses = new Map<string, number>(guardrailIds.map((id) => [id, 1]));
  for (const policy of policies) {
    try {
      const set = compilePolicySet(policy.cedar);
      sets.set(policy.name, set);
      for (const { id } of set) uses.set(id, (uses.get(id) ?? 0) + 1);
    } catch (error) {
      problems.push(problemOf(policy.name, error));
    }
  }
  const rules = new Map<string, readonly Rule[]>();
  for (const [name, set] of sets) {
    try {
      // INVARIANT: ids are unique, or the approval of one rule's hold would satisfy another's
      rules.set(
        name,
        set.map((policy, index) => ruleOf(policy, uniqueId(uses, name, policy.id, index), false)),
      );
    } catch (error) {
      problems.push(problemOf(name, error));
    }
  }
  const broken = new Set(policies.map((policy) => policy.name).filter((name) => !rules.has(name)));
  return { rules, broken, problems };
}

function uniqueId(uses: ReadonlyMap<string, number>, policyName: string, id: string, index: number): string {
  return uses.get(id) === 1 ? id : `${policyName}/${id}#${index}`;
}

function problemOf(policy: string, error: unknown): PolicyProblem {
  return {
    policy,
    rule: null,
    message: error instanceof Error ? error.message : "it could not be compiled",
    remedy: "Mend the policy and apply it again; until then the systems it binds are refused.",
  };
}

const grantedBy = {
  "model.call": { type: "model", names: (system: SystemFacts) => system.grants.models },
  "tool.call": { type: "tool", names: (system: SystemFacts) => system.grants.tools },
  "data.export": { type: "destination", names: (system: SystemFacts) => system.grants.destinations },
} as const;

/** One permit for each grant of the register: the links of the one grant template. */
function grantRules(system: SystemFacts, action: Entity): readonly Rule[] {
  const kind = grantedBy[action.id as keyof typeof grantedBy];
  if (kind === undefined) return [];
  return kind.names(system).map((name) => grantRule(system.name, action.id, kind.type, name));
}

/** Printed with the policies, so that what an allow rests on can be read as Cedar. */
export const grantTemplate =
  'permit (principal == ?principal, action == Mandate::Action::"ACTION", resource == ?resource);';

function grantRule(system: string, action: string, type: "model" | "tool" | "destination", name: string): Rule {
  const principal = entityKey("Mandate::System", system);
  const resource = entityKey(entityTypes[type], name);
  const id = `grant:${type}:${name}`;
  const policy: CompiledPolicy = {
    id,
    effect: "permit",
    annotations: {},
    text: `permit (principal == ${literal("Mandate::System", system)}, action == ${literal("Mandate::Action", action)}, resource == ${literal(entityTypes[type], name)});`,
    principal: { type: null, equals: principal, within: null },
    action: { type: null, equals: actionEntity(action).key, within: null },
    resource: { type: null, equals: resource, within: null },
    holds: () => true,
  };
  return ruleOf(policy, id, true);
}

/** A Cedar entity literal; every character that could end the string is escaped. */
export function literal(type: string, id: string): string {
  return `${type}::${cedarString(id)}`;
}

export function cedarString(text: string): string {
  const escaped = text
    .replaceAll(/[\\"]/g, "\\$&")
    .replaceAll(/[\u0000-\u001f\u007f]/g, (character) => `\\u{${character.charCodeAt(0).toString(16)}}`);
  return `"${escaped}"`;
}
