import type { Environment } from "./cedar/expression.ts";
import { scopeMatches } from "./cedar/policy-set.ts";
import { CedarRecord, Entity, entityKey, EvaluationError } from "./cedar/values.ts";
import { combineHolds, combineObligations } from "./combine.ts";
import { convertInput } from "./input.ts";
import type { RuleBook } from "./rule-book.ts";
import type { Rule } from "./rule.ts";
import type { ExternalRequest, PolicyDecision } from "./types.ts";
import { externalType, type World } from "./world.ts";

type Properties = Readonly<Record<string, unknown>>;

/** A question outside our domain: custom rules alone decide, and without a permit the answer is no. */
export function decideExternal(
  request: ExternalRequest,
  world: World,
  book: RuleBook,
  policyVersion: string,
): PolicyDecision {
  const { subject, resource } = request;
  const principalEntity = overlaid(world, subject.type, subject.id, { ...subject.props, ...request.subjectProps });
  const resourceEntity = overlaid(world, resource.type, resource.id, resource.props ?? {});
  const action = new Entity("External::Action", request.action, new Map());
  const context = convertInput(null, { ...request.context, action: request.actionProps ?? {} }).record;
  const environment: Environment = {
    principal: principalEntity,
    action,
    resource: resourceEntity,
    context: new CedarRecord(context.fields),
    // the entities asked about are seen as the request overlays them, also where a rule names one of them
    entities: overlay(world.entities, principalEntity, resourceEntity),
  };
  const found: Rule[] = [];
  let alert: string | null = null;
  let failed: string | null = null;
  for (const rule of book.custom) {
    const { policy } = rule;
    if (!scopeMatches(policy.principal, principalEntity) || !scopeMatches(policy.action, action)) continue;
    try {
      if (scopeMatches(policy.resource, resourceEntity) && policy.holds(environment)) found.push(rule);
    } catch (error) {
      failed = rule.id;
      alert ??= `rule ${rule.id} could not be evaluated: ${error instanceof EvaluationError ? error.message : "unexpected failure"}`;
    }
  }
  return combineExternal(found, { alert, failed }, policyVersion);
}

function overlaid(world: World, type: string, id: string, properties: Properties): Entity {
  const stored = world.externals.get(entityKey(externalType(type), id))?.properties ?? {};
  return new Entity(externalType(type), id, convertInput(null, { ...stored, ...properties }).record.fields);
}

function overlay(entities: World["entities"], ...over: readonly Entity[]): Environment["entities"] {
  return { get: (key) => over.find((entity) => entity.key === key) ?? entities.get(key) };
}

function combineExternal(
  found: readonly Rule[],
  fault: { readonly alert: string | null; readonly failed: string | null },
  policyVersion: string,
): PolicyDecision {
  const forbids = found.filter((rule) => rule.policy.effect === "forbid");
  const permits = found.filter((rule) => rule.policy.effect === "permit");
  const matched = [...forbids, ...permits].map((rule) => rule.id);
  const shared = { param: null, matched, obligations: [], hold: null, policyVersion, alert: fault.alert };
  const denial = forbids.find((rule) => rule.hold === null);
  if (denial !== undefined) {
    return {
      ...shared,
      outcome: "deny",
      code: "policy",
      reason: denial.because,
      rule: denial.id,
      remedies: denial.remedies,
    };
  }
  if (fault.alert !== null) {
    return {
      ...shared,
      outcome: "deny",
      code: "policy",
      reason: "A rule could not be evaluated, so it is refused.",
      rule: fault.failed,
      remedies: [mendRule],
    };
  }
  const held = forbids[0];
  if (held !== undefined) {
    return {
      ...shared,
      outcome: "hold",
      code: "approval_required",
      reason: held.because,
      rule: held.id,
      remedies: held.remedies,
      hold: combineHolds(forbids),
    };
  }
  const permit = permits[0];
  const obligations = combineObligations(permits);
  if (permit === undefined || obligations === "conflict") {
    const reason =
      permit === undefined ? "No policy permits it." : "Two rules oblige to things that can't both be done.";
    return {
      ...shared,
      outcome: "deny",
      code: permit === undefined ? "not_granted" : "policy",
      reason,
      rule: permit?.id ?? null,
      remedies: [writePermit],
    };
  }
  return {
    ...shared,
    outcome: "allow",
    code: null,
    reason: "A policy permits it.",
    rule: permit.id,
    remedies: [],
    obligations,
  };
}

const mendRule = { text: "Ask the owner of the policies to mend the rule named here." };
const writePermit = { text: "Ask the owner of the policies for a rule that settles this action." };
