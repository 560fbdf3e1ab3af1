import { queryOptions } from "@tanstack/react-query";
import { client, queries } from "../../api.ts";

export interface Outcome {
  readonly outcome: "allow" | "hold" | "deny";
  readonly code: string | null;
  readonly rule: string | null;
  readonly reason: string | null;
}
export interface Flip {
  readonly id: string;
  readonly at: string;
  readonly system: string | null;
  readonly resource: string;
  readonly tool: string | null;
  readonly recorded: Outcome;
  readonly replayed: Outcome;
}
export interface Checked {
  readonly cedar: string;
  readonly problems: readonly { readonly rule: string | null; readonly message: string; readonly remedy: string }[];
  readonly tests: readonly { readonly name: string; readonly passed: boolean; readonly expected: string; readonly outcome: string; readonly reason: string }[];
  readonly systems: readonly string[];
}
export interface Example {
  readonly system: string;
  readonly action: string;
  readonly resource: string;
  readonly text: string;
  readonly details: readonly { readonly path: string; readonly value: string }[];
  readonly before: { readonly outcome: Outcome["outcome"]; readonly rule: string | null } | null;
  readonly after: { readonly outcome: Outcome["outcome"]; readonly rule: string | null };
}
export interface Proof {
  readonly id: string;
  readonly policy: string | null;
  readonly on: string;
  readonly asks: "denied" | "held";
  readonly condition: string;
  readonly because: string | null;
  readonly mustProve: boolean;
  readonly state: "proven" | "refuted" | "cant_tell";
  readonly reason: string | null;
  readonly example: Example | null;
}
export interface Widening {
  readonly state: "no" | "yes" | "cant_tell";
  readonly reason: string | null;
  readonly example: Example | null;
}
export interface Proved extends Checked {
  readonly invariants: readonly Proof[];
  readonly invariantsLost: readonly string[];
  readonly widening: Widening | null;
}
/** What recorded traffic would come to. */
export interface Replayed {
  readonly total: number;
  readonly replayable: number;
  readonly differences: number;
  readonly looser: number;
  readonly stricter: number;
  readonly shown: readonly Flip[];
}
export interface Simulated extends Checked {
  readonly result: Replayed | null;
}
export interface Period {
  readonly since: string;
  readonly until: string;
}
export interface Watch {
  readonly id: string;
  readonly startedBy: string;
  readonly startedAt: string;
  readonly endsAt: string;
  readonly endedAt: string | null;
  readonly reason: string;
  readonly decisions: number;
  readonly differences: number;
}
export interface Version {
  readonly version: number;
  readonly action: string;
  readonly by: string;
  readonly at: string;
  readonly reason: string | null;
  readonly spec: Spec | null;
}
export type Spec = Readonly<Record<string, unknown>>;
export interface PolicyObject {
  readonly name: string;
  readonly spec: Spec;
  readonly version: number;
  readonly updatedAt?: string;
  readonly usedBy?: readonly string[];
}

const at = (name: string): string => `/api/v1/policies/${encodeURIComponent(name)}`;
const get = <T>(key: readonly string[], path: string) => queryOptions({ queryKey: ["policies", ...key], placeholderData: undefined, queryFn: ({ signal }) => client.request<T>("GET", path, undefined, { signal }) });

export const policyList = get<{ items: readonly PolicyObject[] }>(["list"], "/api/v1/policies?limit=200");
export const policyHistory = (name: string) => get<{ items: readonly Version[] }>([name, "history"], `${at(name)}/history`);
export const policyWatches = (name: string) => get<{ items: readonly Watch[] }>([name, "watches"], `${at(name)}/watches`);
export const policyFlips = (name: string, id: string) => get<{ items: readonly Flip[] }>([name, "flips", id], `${at(name)}/watches/${encodeURIComponent(id)}/flips`);
/** Asked for each text that reads as YAML; the same text is asked for once. */
export const checked = (name: string, text: string, spec: Spec | null) =>
  queryOptions({ queryKey: ["policies", name, "check", text], enabled: spec !== null, retry: false, staleTime: 60_000, queryFn: ({ signal }) => client.request<Checked>("POST", `${at(name)}/check`, { spec, prove: false }, { signal }) });
/** Proofs take seconds, so they are asked for once the text is sound and nobody types. */
export const proved = (name: string, text: string, spec: Spec | null, isSound: boolean) =>
  queryOptions({ queryKey: ["policies", name, "prove", text], enabled: spec !== null && isSound, retry: false, staleTime: 60_000, queryFn: ({ signal }) => client.request<Proved>("POST", `${at(name)}/check`, { spec }, { signal, timeoutMs: 60_000 }) });
export const invariants = get<{ items: readonly Proof[] }>(["invariants"], "/api/v1/invariants");

export const simulate = (name: string, spec: Spec, period: Period, signal: AbortSignal): Promise<Simulated> => client.request<Simulated>("POST", `${at(name)}/simulate`, { spec, ...period }, { signal, timeoutMs: 0 });
export const startWatch = (name: string, spec: Spec, days: number, reason: string): Promise<Watch> => client.request<Watch>("POST", `${at(name)}/watches`, { spec, days, reason });
export const endWatch = (name: string, id: string): Promise<Watch> => client.request<Watch>("POST", `${at(name)}/watches/${encodeURIComponent(id)}/end`, {});
export const save = (name: string, spec: Spec, reason: string): Promise<{ readonly widening: Widening | null }> => client.request("PUT", `${at(name)}?reason=${encodeURIComponent(reason)}`, { spec });
export const refresh = (): Promise<void> => queries.invalidateQueries({ queryKey: ["policies"] });
