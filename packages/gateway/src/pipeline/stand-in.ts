import type { Decision, DecisionRequest, ModelFacts } from "@mandate/model";
import { ask } from "./ask.ts";
import type { Call } from "./call.ts";
import type { Runtime } from "./runtime.ts";

/** Statuses that say the provider couldn't answer, rather than that the request is wrong. */
const overloaded = new Set([408, 429, 500, 502, 503, 504, 529]);

/** Whether another model may be tried after this status. */
export function isUnanswered(status: number): boolean {
  return overloaded.has(status);
}

export interface StandIn {
  readonly model: ModelFacts;
  readonly request: DecisionRequest;
  readonly decision: Decision;
}

/**
 * The models that may answer in place of the one called, in the order its register entry gives. Each is decided for
 * exactly this request, as if it had been called: a fallback widens nothing. What a person approved, what is kept at the
 * provider and what it may run by itself belong to the model that was called.
 */
export function standIns(runtime: Runtime, call: Call, approvals: readonly string[]): readonly ModelFacts[] {
  const { compiled, surface, view, model } = call;
  if (approvals.length > 0 || view.references.length > 0 || view.effects.length > 0) return [];
  return (model.fallbacks ?? [])
    .map((name) => compiled.models.get(name))
    .filter((other) => other !== undefined)
    .filter((other) => other !== model && surface.protocols.includes(other.protocol))
    .filter((other) => askFor(runtime, call, other).decision.outcome === "allow");
}

export function askFor(runtime: Runtime, call: Call, model: ModelFacts): StandIn {
  const resource = { type: "model", id: model.name } as const;
  const request: DecisionRequest = { ...call.request, resource, now: Math.floor(runtime.now() / 1000) };
  return { model, request, decision: ask(runtime, call.compiled, request) };
}
