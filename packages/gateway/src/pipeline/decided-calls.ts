import { hash } from "node:crypto";
import type { DecisionRequest, SessionLabels } from "@mandate/model";
import { canonicalJson } from "../json/canonical.ts";

const maxKept = 50_000;
const lifetimeMs = 10 * 60_000;

/** What a tool call was decided on when it stood in a model's answer. */
export interface Known {
  readonly labels: SessionLabels;
  readonly argumentsFromUser: boolean;
  /** Of the person who let the answer with this call go, having seen its arguments. */
  readonly approval: DecisionRequest["approval"];
}

/**
 * Tool calls that were allowed inside a model's answer, by system, tool and exact arguments, until the agent makes them
 * over MCP: there no conversation comes along, and without this the same call would be tainted there (GUARDRAILS,
 * Information flow 4: model and MCP gateways share label state), or a person asked twice. Each serves one call, for ten
 * minutes.
 */
export class DecidedCalls {
  readonly #calls = new Map<string, (Known & { readonly untilMs: number })[]>();

  add({ system, resource, input, labels, argumentsFromUser, approval }: DecisionRequest, nowMs: number): void {
    if (input === null) return;
    const key = keyOf(system, resource.id, input);
    const known = this.#calls.get(key) ?? [];
    this.#calls.delete(key);
    this.#calls.set(key, [...known.filter((one) => one.untilMs > nowMs).slice(-15), { labels, argumentsFromUser, approval, untilMs: nowMs + lifetimeMs }]);
    if (this.#calls.size > maxKept) this.#calls.delete(this.#calls.keys().next().value!);
  }

  /** The oldest that still counts, and it is gone: one answer's call is one call. */
  take(system: string, tool: string, input: Readonly<Record<string, unknown>>, nowMs: number): Known | undefined {
    const key = keyOf(system, tool, input);
    const [first, ...rest] = (this.#calls.get(key) ?? []).filter((one) => one.untilMs > nowMs);
    if (rest.length === 0) this.#calls.delete(key);
    else this.#calls.set(key, rest);
    return first;
  }
}

function keyOf(system: string, tool: string, input: Readonly<Record<string, unknown>>): string {
  return hash("sha256", canonicalJson({ system, tool, input }), "hex");
}
