import type { ActionName, RegisterFacts } from "@mandate/model";
import { validatePolicies } from "../rules/validate-policies.ts";
import { cedarString, literal } from "../rule-book.ts";
import type { PolicyProblem } from "../types.ts";
import { conditionText, readCondition } from "./conditions.ts";
import { resourceKinds, type Target } from "./scene.ts";

/** What must stay true of every call by every system, whatever is registered and whatever policies say. */
export interface Invariant {
  readonly id: string;
  /** An action (`data.export`), or one thing (`tool:NAME`, `model:NAME`, `destination:NAME`). */
  readonly on: string;
  /** Calls that meet this are refused, and no approval lets them through. */
  readonly deniedWhen?: string;
  /** Calls that meet this are refused, or held until people said yes. */
  readonly heldWhen?: string;
  readonly because?: string;
  /** Of `carriers`, only systems that carry the policy it stands in; default every system. */
  readonly of?: "carriers" | "everybody";
  /** Publishing is refused while it can't be proven, not only while it is refuted. */
  readonly mustProve?: boolean;
}

/** One that stands in a policy, or that comes with the product (`policy` is null). */
export interface StandingInvariant extends Invariant {
  readonly policy: string | null;
}

/** What the guardrails promise, proven rather than believed: they hold whatever an organization writes. */
export const builtInInvariants: readonly StandingInvariant[] = [
  ...(["model.call", "tool.call", "data.export", "deploy"] as const).flatMap((on): readonly StandingInvariant[] => [
    { policy: null, id: `authorized-${on}`, on, deniedWhen: "!(principal has authorization) || context.now >= principal.authorization.ends", because: "Nothing runs without an authorization in force." },
    { policy: null, id: `production-authorized-${on}`, on, deniedWhen: 'principal.lifecycle == "production" && !(principal has authorization && principal.authorization.type == "production")', because: "Nothing runs in production on a pilot's authorization." },
    { policy: null, id: `never-prohibited-${on}`, on, deniedWhen: 'principal.tier == "X"', because: "A practice that Article 5 of the EU AI Act bans never runs." },
  ]),
  ...(["model.call", "tool.call", "data.export"] as const).flatMap((on): readonly StandingInvariant[] => [
    { policy: null, id: `granted-${on}`, on, deniedWhen: "!principal.grants.contains(resource.ref)", because: "A system reaches only what it was granted." },
    { policy: null, id: `secrets-stay-${on}`, on, deniedWhen: 'context.data.classes.contains("secret")', because: "Secrets never leave." },
    { policy: null, id: `purpose-bound-${on}`, on, deniedWhen: "!(context has purpose) || !principal.purposes.contains(context.purpose)", because: "A call serves a purpose that its system is registered for." },
  ]),
  { policy: null, id: "model-within-sensitivity", on: "model.call", deniedWhen: "context.labels.sensitivity > resource.maxSensitivity", because: "No model receives data more sensitive than it may." },
  { policy: null, id: "export-reviewed", on: "data.export", deniedWhen: "!context.data.cleared && !(resource has region && context.data.area.contains(resource.region))", because: "Data goes to another region only after a legal review." },
  { policy: null, id: "export-classes", on: "data.export", deniedWhen: "!resource.classes.containsAll(context.data.classes)", because: "No destination receives a class of data that it may not." },
  { policy: null, id: "tool-reviewed", on: "tool.call", deniedWhen: "resource.changed", because: "No tool runs whose definition nobody reviewed." },
  { policy: null, id: "untrusted-held", on: "tool.call", heldWhen: 'context.labels.untrusted && !context.argumentsFromUser && ["deletes", "pays", "executes", "grants"].contains(resource.effect)', because: "After untrusted content, nothing with consequences runs unless the user spelled it out or a person agreed." },
];

const actionOf: Readonly<Record<string, ActionName>> = { tool: "tool.call", model: "model.call", destination: "data.export" };

/** Null when it names neither an action nor a thing. */
export function targetOf(on: string): { readonly action: ActionName; readonly named: string | null } | null {
  if (Object.hasOwn(resourceKinds, on)) return { action: on as ActionName, named: null };
  const split = on.indexOf(":");
  const action = actionOf[on.slice(0, split)];
  return action === undefined || split < 0 || split === on.length - 1 ? null : { action, named: on.slice(split + 1) };
}

/** One that names a thing is about that alone. */
export const isAbout = (invariant: Invariant, target: Target): boolean => {
  const own = targetOf(invariant.on);
  return own !== null && own.action === target.action && (own.named === null || own.named === target.named);
};

/** What is wrong with a policy's invariants: a misspelled attribute would be met by no call, and so be "proven". */
export function validateInvariants(facts: RegisterFacts, policy: string, invariants: readonly Invariant[]): readonly PolicyProblem[] {
  const problems: PolicyProblem[] = [];
  const seen = new Set<string>();
  const problem = (rule: string, message: string, remedy: string): void => void problems.push({ policy, rule, message, remedy });
  for (const invariant of invariants) {
    if (seen.has(invariant.id)) problem(invariant.id, "this id is taken by another invariant", "Give each invariant an id of its own.");
    seen.add(invariant.id);
    const target = targetOf(invariant.on);
    if (target === null) {
      problem(invariant.id, "`on` names no action and no thing", "Write an action such as data.export, or tool:NAME, model:NAME, destination:NAME.");
      continue;
    }
    const condition = invariant.deniedWhen ?? invariant.heldWhen;
    if (condition === undefined || (invariant.deniedWhen !== undefined && invariant.heldWhen !== undefined)) {
      problem(invariant.id, "an invariant has exactly one of `deniedWhen` and `heldWhen`", "Split it into one for each.");
      continue;
    }
    const { type } = resourceKinds[target.action];
    const resource = target.named === null ? "resource" : `resource == ${literal(type, target.named)}`;
    try {
      const cedar = conditionText(`@id(${cedarString(invariant.id)}) forbid (principal, action == ${literal("Mandate::Action", target.action)}, ${resource})`, readCondition(condition));
      for (const found of validatePolicies({ ...facts, policies: [{ name: policy, version: 0, cedar }] }, policy)) problem(invariant.id, found.message, found.remedy);
    } catch (error) {
      problem(invariant.id, error instanceof Error ? error.message : "its condition can't be read", "Correct the condition; it is one Cedar expression.");
    }
  }
  return problems;
}
