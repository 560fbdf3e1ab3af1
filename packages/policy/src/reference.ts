import {
  type AuthorizationCall,
  type CedarValueJson,
  type EntityJson,
  isAuthorized,
} from "@cedar-policy/cedar-wasm/nodejs";
import type { Environment } from "./cedar/expression.ts";
import { CedarRecord, CedarSet, Datetime, Decimal, Duration, Entity, type Long, type Value } from "./cedar/values.ts";
import type { Evaluation } from "./decision-point.ts";
import type { Rule } from "./rule.ts";
import type { ReferenceComparison } from "./types.ts";
import type { World } from "./world.ts";

/** What the reference engine answers for one set of policies, by their ids. */
export interface ReferenceAnswer {
  /** Satisfied forbids if any, else satisfied permits: Cedar reports only what determined its answer. */
  readonly reasons: readonly string[];
  readonly errors: readonly string[];
}

/** Runs both engines on the same evaluation. Permits and forbids are asked apart, since each sees its own context. */
export function compareWithReference(evaluation: Evaluation, world: World): ReferenceComparison {
  const { slice } = evaluation;
  const entities = [...world.entities.values()];
  const permitRules = [...slice.permits, ...[...slice.permitsOn.values()].flat()];
  const forbidRules = [...slice.forbids, ...[...slice.forbidsOn.values()].flat()];
  const permits = askReference(textsOf(permitRules), evaluation.permitEnvironment, entities);
  const forbids = askReference(textsOf(forbidRules), evaluation.forbidEnvironment, entities);
  const ours = {
    permits: ids(evaluation.permits),
    forbids: ids(evaluation.forbids),
    errors: ids(evaluation.errors.map((error) => error.rule)),
  };
  const theirs = {
    permits: sorted(permits.reasons),
    forbids: sorted(forbids.reasons),
    errors: sorted([...permits.errors, ...forbids.errors]),
  };
  const equal = JSON.stringify(ours) === JSON.stringify(theirs);
  return { equal, difference: equal ? null : `ours ${JSON.stringify(ours)}, reference ${JSON.stringify(theirs)}` };
}

function textsOf(rules: readonly Rule[]): Readonly<Record<string, string>> {
  return Object.fromEntries(rules.map((rule) => [rule.id, rule.policy.text]));
}

function ids(rules: readonly Rule[]): readonly string[] {
  return sorted(rules.map((rule) => rule.id));
}

function sorted(items: readonly string[]): readonly string[] {
  return [...items].sort();
}

/** Asks cedar-wasm. @throws Error when it can't even read the question: that is a mismatch too. */
export function askReference(
  policies: Readonly<Record<string, string>>,
  environment: Environment,
  entities: readonly Entity[],
): ReferenceAnswer {
  const answer = isAuthorized({ ...callOf(environment, entities), policies: { staticPolicies: { ...policies } } });
  if (answer.type === "failure") throw new Error(answer.errors.map((error) => error.message).join("; "));
  const { reason, errors } = answer.response.diagnostics;
  return { reasons: reason, errors: errors.map((error) => error.policyId) };
}

type ReferenceCall = Pick<AuthorizationCall, "principal" | "action" | "resource" | "context" | "entities">;

function callOf(environment: Environment, entities: readonly Entity[]): ReferenceCall {
  const asked = [environment.principal, environment.action, environment.resource].filter(
    (entity) => entity.attributes !== null,
  );
  const byKey = new Map<string, Entity>();
  for (const entity of [...entities, ...asked]) collect(entity, byKey);
  return {
    principal: uid(environment.principal),
    action: uid(environment.action),
    resource: uid(environment.resource),
    context: fieldsJson(environment.context),
    entities: [...byKey.values()].map(entityJson),
  };
}

/**
 * One evaluation as the reference engine would be asked it by a caller in a hurry: every rule of the book, and no more
 * entities than the call touches. For the benchmark.
 */
export function referenceQuestion(evaluation: Evaluation, rules: readonly Rule[]) {
  const { principal, action, resource } = evaluation.forbidEnvironment;
  return { call: callOf(evaluation.forbidEnvironment, [principal, action, resource]), policies: textsOf(rules) };
}

/** With everything its attributes refer to: our graph holds references as objects, the reference looks them up. */
function collect(value: Value, found: Map<string, Entity>): void {
  if (value instanceof CedarSet) for (const item of value.items) collect(item, found);
  if (value instanceof CedarRecord) for (const field of value.fields.values()) collect(field, found);
  if (!(value instanceof Entity) || value.attributes === null || found.has(value.key)) return;
  found.set(value.key, value);
  for (const attribute of value.attributes.values()) collect(attribute, found);
}

function uid(entity: Entity): { type: string; id: string } {
  return { type: entity.type, id: entity.id };
}

function entityJson(entity: Entity): EntityJson {
  const parents = [...entity.ancestors]
    .filter((key) => key !== entity.key)
    .map((key) => {
      const split = key.indexOf('::"');
      return { type: key.slice(0, split), id: key.slice(split + 3, -1) };
    });
  return { uid: uid(entity), attrs: fieldsJson(new CedarRecord(entity.attributes ?? new Map())), parents };
}

function fieldsJson(record: CedarRecord): Record<string, CedarValueJson> {
  return Object.fromEntries([...record.fields].map(([name, value]) => [name, valueJson(value)]));
}

export function valueJson(value: Value): CedarValueJson {
  if (typeof value === "bigint") throw new Error("the reference's JSON can't carry this whole number");
  if (typeof value !== "object") return value;
  if (value instanceof Entity) return { __entity: uid(value) };
  if (value instanceof CedarSet) return value.items.map(valueJson);
  if (value instanceof CedarRecord) return fieldsJson(value);
  if (value instanceof Decimal) return { __extn: { fn: "decimal", arg: decimalText(value.units) } };
  if (value instanceof Datetime) {
    return { __extn: { fn: "datetime", arg: new Date(Number(value.ms)).toISOString() } };
  }
  if (value instanceof Duration) return { __extn: { fn: "duration", arg: `${value.ms}ms` } };
  throw new Error("IP addresses are compared by literals alone");
}

function decimalText(units: Long): string {
  const exact = BigInt(units);
  const digits = (exact < 0n ? -exact : exact).toString().padStart(5, "0");
  return `${exact < 0n ? "-" : ""}${digits.slice(0, -4)}.${digits.slice(-4)}`;
}
