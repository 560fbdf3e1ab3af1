import { createHash } from "node:crypto";
import type { DecisionRequest, RefusalCode, RegisterFacts, ResourceType, SystemFacts } from "@mandate/model";
import { EvaluationError } from "./cedar/values.ts";
import type { Environment } from "./cedar/expression.ts";
import { scopeMatches } from "./cedar/policy-set.ts";
import { combineHolds, combineObligations, precedence } from "./combine.ts";
import { allowReason, paramOf, refusalReason, remediesFor, type Subject } from "./explain.ts";
import { decideExternal } from "./external.ts";
import { guardrailsCedar } from "./guardrails/guardrails.ts";
import { compareWithReference } from "./reference.ts";
import { buildContext, remainingData } from "./request-context.ts";
import { buildRuleBook, grantTemplate, type RuleBook, type Slice } from "./rule-book.ts";
import type { Rule } from "./rule.ts";
import { settle } from "./settle.ts";
import { traceOf } from "./trace.ts";
import type { CompileOptions, PolicyDecision, PolicyDecisionPoint } from "./types.ts";
import { actionEntity, buildWorld, type World } from "./world.ts";

/**
 * The policy decision point over one snapshot's facts. Parsed policies are cached by text and entities by facts object,
 * so compiling after a change of one system costs what that change costs. Never throws for a custom policy that can't be
 * compiled: that is in `problems`, and the systems it binds are refused.
 */
export function compilePolicy(facts: RegisterFacts, options: CompileOptions = {}): PolicyDecisionPoint {
  const world = buildWorld(facts);
  const book = buildRuleBook(facts);
  const policyVersion = options.policyVersion ?? hashOf(facts);
  const decide = (request: DecisionRequest): PolicyDecision => {
    try {
      return decideSystem(request, world, book, policyVersion);
    } catch (error) {
      return faultDecision(policyVersion, null, messageOf(error));
    }
  };
  return {
    policyVersion,
    problems: book.problems,
    decide,
    decideExternal: (request) => {
      try {
        return decideExternal(request, world, book, policyVersion);
      } catch (error) {
        return faultDecision(policyVersion, null, messageOf(error));
      }
    },
    trace: (request) => {
      const system = world.systems.get(request.system);
      if (system === undefined || !isAskable(request)) return null;
      return traceOf(evaluate(request, system, world, book), decide(request).rule, facts.policies);
    },
    compareWithReference: (request) => {
      const system = world.systems.get(request.system);
      // without a system nothing is evaluated, so there is nothing to compare
      if (system === undefined || !isAskable(request)) return { equal: true, difference: null };
      try {
        return compareWithReference(evaluate(request, system, world, book), world);
      } catch (error) {
        // a comparison that did not run is not an agreement
        return {
          equal: false,
          difference: `the comparison failed: ${error instanceof Error ? error.message : "unknown"}`,
        };
      }
    },
  };
}

function hashOf(facts: RegisterFacts): string {
  const hash = createHash("sha256").update(guardrailsCedar).update(grantTemplate);
  for (const policy of [...facts.policies].sort((a, b) => (a.name < b.name ? -1 : 1))) {
    hash.update(JSON.stringify([policy.name, policy.version, policy.cedar]));
  }
  return hash.digest("hex");
}

/** Everything one evaluation found, before it is combined: also what the reference engine is asked about. */
export interface Evaluation {
  readonly slice: Slice;
  readonly subject: Subject;
  /** Permits see the call as it was made, forbids what remains after redaction. */
  readonly permitEnvironment: Environment;
  readonly forbidEnvironment: Environment;
  readonly permits: readonly Rule[];
  readonly forbids: readonly Rule[];
  readonly errors: readonly { readonly rule: Rule; readonly message: string }[];
}

const actionEntities = {
  "model.call": actionEntity("model.call"),
  "tool.call": actionEntity("tool.call"),
  "data.export": actionEntity("data.export"),
  deploy: actionEntity("deploy"),
};

const resourceTypes: Readonly<Record<DecisionRequest["action"], ResourceType>> = {
  "model.call": "model",
  "tool.call": "tool",
  "data.export": "destination",
  deploy: "system",
};

function isAskable(request: DecisionRequest): boolean {
  return resourceTypes[request.action] === request.resource.type && Number.isFinite(request.now);
}

export function evaluate(request: DecisionRequest, system: SystemFacts, world: World, book: RuleBook): Evaluation {
  const principal = world.resource("system", system.name);
  const action = actionEntities[request.action];
  const resource = world.resource(request.resource.type, request.resource.id);
  const tool = request.resource.type === "tool" ? world.tool(request.resource.id) : undefined;
  const slice = book.slice(system, principal, action);
  const errors: { rule: Rule; message: string }[] = [];

  let data = remainingData(request, system, null);
  let context = buildContext(request, system, resource, tool, data);
  const permitEnvironment: Environment = { principal, action, resource, context, entities: world.entities };
  const permits = satisfied(slice.permits, slice.permitsOn, permitEnvironment, errors);

  const masked = request.action === "data.export" ? maskedTypes(permits) : [];
  let forbidEnvironment = permitEnvironment;
  if (masked.length > 0) {
    data = remainingData(request, system, masked);
    context = buildContext(request, system, resource, tool, data);
    forbidEnvironment = { principal, action, resource, context, entities: world.entities };
  }
  const forbids = satisfied(slice.forbids, slice.forbidsOn, forbidEnvironment, errors);
  return {
    slice,
    subject: { request, system, resource, tool, context },
    permitEnvironment,
    forbidEnvironment,
    permits,
    forbids,
    errors,
  };
}

/** An export is decided on what remains after redaction. Tokenized data can be turned back, so it counts as it was. */
function maskedTypes(permits: readonly Rule[]): readonly string[] {
  return permits.flatMap((rule) =>
    rule.obligations.flatMap((obligation) => (obligation.kind === "redact" ? obligation.types : [])),
  );
}

function satisfied(
  general: readonly Rule[],
  onResource: ReadonlyMap<string, readonly Rule[]>,
  environment: Environment,
  errors: { rule: Rule; message: string }[],
): readonly Rule[] {
  const found: Rule[] = [];
  for (const rules of [general, onResource.get(environment.resource.key)]) {
    for (const rule of rules ?? []) {
      try {
        if (scopeMatches(rule.policy.resource, environment.resource) && rule.policy.holds(environment))
          found.push(rule);
      } catch (error) {
        errors.push({ rule, message: messageOf(error) });
      }
    }
  }
  return found;
}

function decideSystem(request: DecisionRequest, world: World, book: RuleBook, policyVersion: string): PolicyDecision {
  const system = world.systems.get(request.system);
  if (system === undefined) return unregistered(policyVersion);
  if (!isAskable(request))
    return faultDecision(policyVersion, null, "a question that no surface asks: action, resource type or time");
  const evaluation = evaluate(request, system, world, book);
  return combine(evaluation, policyVersion);
}

function combine(evaluation: Evaluation, policyVersion: string): PolicyDecision {
  const { subject, permits, errors, slice } = evaluation;
  const matched = [...evaluation.forbids, ...permits].map((rule) => rule.id);
  const { denials, held, approved, excepted, brokenGlass } = settle(evaluation);
  const alert = alertOf(evaluation);

  if (denials.length > 0)
    return deny(mostPressing(denials, subject.system), subject, { matched, policyVersion, alert });
  if (alert !== null) {
    return { ...faultDecision(policyVersion, errors[0]?.rule.id ?? slice.broken, alert), matched };
  }
  if (held.length > 0) {
    return {
      ...deny(held[0]!, subject, { matched, policyVersion, alert }),
      outcome: "hold",
      code: "approval_required",
      param: paramOf("resource", subject),
      hold: combineHolds(held),
    };
  }
  if (permits.length === 0) return deny(nothingPermits, subject, { matched, policyVersion, alert });
  const obligations = combineObligations(permits);
  if (obligations === "conflict")
    return deny(conflictingObligations(permits), subject, { matched, policyVersion, alert });
  const decisive = approved[0] ?? permits.find((rule) => !rule.guardrail) ?? permits[0]!;
  return {
    outcome: "allow",
    code: null,
    param: null,
    // Loud in every list: what let this through was people, not the rule.
    reason: [
      allowReason(subject, approved.length > 0),
      ...(excepted === null ? [] : [`Exception ${excepted.name} lifted ${excepted.rules.join(", ")}.`]),
      ...(brokenGlass === null ? [] : [`Break-glass ${brokenGlass.name} lifted ${brokenGlass.rules.join(", ")}.`]),
    ].join(" "),
    rule: brokenGlass !== null ? `break-glass:${brokenGlass.name}` : excepted !== null ? `exception:${excepted.name}` : decisive.id,
    matched,
    remedies: [],
    obligations,
    hold: null,
    policyVersion,
    alert: null,
  };
}

function alertOf({ errors, slice }: Evaluation): string | null {
  if (slice.broken !== null) return `policy ${slice.broken} could not be compiled`;
  const first = errors[0];
  return first === undefined ? null : `rule ${first.rule.id} could not be evaluated: ${first.message}`;
}

function codeFor(rule: Pick<Rule, "code">, system: SystemFacts): RefusalCode {
  return rule.code === "status" ? (system.statusCode ?? "not_authorized") : rule.code;
}

function mostPressing(rules: readonly Rule[], system: SystemFacts): Rule {
  return rules.reduce((best, rule) =>
    precedence(codeFor(rule, system)) < precedence(codeFor(best, system)) ? rule : best,
  );
}

type Refusing = Pick<Rule, "id" | "code" | "slot" | "because" | "remedies">;

function deny(
  rule: Refusing | (Omit<Refusing, "id"> & { readonly id: null }),
  subject: Subject,
  rest: Pick<PolicyDecision, "matched" | "policyVersion" | "alert">,
): PolicyDecision {
  return {
    outcome: "deny",
    code: codeFor(rule, subject.system),
    param: paramOf(rule.slot, subject),
    reason: refusalReason(rule, subject),
    rule: rule.id,
    remedies: remediesFor(rule, subject),
    obligations: [],
    hold: null,
    ...rest,
  };
}

const nothingPermits = {
  id: null,
  code: "not_granted",
  slot: "resource",
  because: "Nothing grants it.",
  remedies: [{ text: "Add it to the system's uses in the manifest and have the change approved." }],
} as const;

function conflictingObligations(permits: readonly Rule[]) {
  return {
    id: permits.find((rule) => rule.obligations.length > 0)?.id ?? null,
    code: "policy",
    slot: null,
    because: "Two rules oblige to things that can't both be done.",
    remedies: [{ text: "Ask the owner of the policies to settle which of the two rules holds." }],
  } as const;
}

function unregistered(policyVersion: string): PolicyDecision {
  return {
    outcome: "deny",
    code: "not_registered",
    param: null,
    reason: "The call would have run for no registered system. Only registered systems may call.",
    rule: null,
    matched: [],
    remedies: [{ text: "Register the system: write its manifest and apply it.", command: "mandate apply -f FILE" }],
    obligations: [],
    hold: null,
    policyVersion,
    alert: null,
  };
}

/** G11: what could not be evaluated is refused, and a person is told. */
export function faultDecision(policyVersion: string, rule: string | null, alert: string): PolicyDecision {
  return {
    outcome: "deny",
    code: "policy",
    param: null,
    reason: "The call would have gone on without one of its checks. A rule could not be evaluated, so it is refused.",
    rule,
    matched: [],
    remedies: [{ text: "Ask the owner of the policies to mend the rule named here; the alert says what failed." }],
    obligations: [],
    hold: null,
    policyVersion,
    alert,
  };
}

/** Only our own messages: an engine's error could quote content. */
function messageOf(error: unknown): string {
  return error instanceof EvaluationError
    ? error.message
    : `unexpected ${error instanceof Error ? error.name : "failure"}`;
}
