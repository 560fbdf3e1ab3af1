import { queryOptions } from "@tanstack/react-query";
import { client, queries } from "../../api.ts";
import type { Counts3, InventoryRow, ReachNode } from "../../api-types.ts";

export type Spec = Readonly<Record<string, unknown>>;
export type PinState = "pinned" | "changed" | "refused" | "unpinned";

interface Used {
  readonly ref: string;
  readonly name: string;
  readonly namedBy: readonly string[];
  /** Null: no call shows it. */
  readonly calls24h: Counts3 | null;
  readonly lastSeen: string | null;
  readonly reviewedAt: string | null;
  readonly pin: PinState | null;
}
export interface UseRow extends Used {
  readonly users: readonly { readonly system: string; readonly through: readonly string[] }[];
  readonly findings: number;
}
export interface UseDetail extends Used {
  readonly users: readonly {
    readonly system: string;
    readonly title: string;
    readonly through: readonly string[];
    readonly authorization: { readonly id: string; readonly number: number; readonly type: string; readonly state: string; readonly ends: string | null } | null;
  }[];
  readonly ways: readonly { readonly ref: string; readonly calls24h: Counts3; readonly lastSeen: string | null }[];
  readonly findings: readonly { readonly id: string; readonly title: string; readonly system: string | null; readonly severity: string; readonly due: string }[];
  readonly cases: readonly { readonly id: string; readonly title: string; readonly class: string; readonly state: string; readonly openedAt: string; readonly due: string | null }[];
}
export interface Reached {
  readonly system: string;
  readonly node: ReachNode;
  readonly through: readonly string[];
  readonly outcome: "allow" | "hold" | "deny";
  readonly terms: string | null;
}
export interface Version {
  readonly version: number;
  readonly action: string;
  readonly by: string;
  readonly at: string;
  readonly reason: string | null;
  readonly commit: string | null;
  readonly spec: Spec | null;
}
export interface RegisterObject extends InventoryRow {
  readonly kind: string;
  readonly unit: string | null;
  readonly labels: Readonly<Record<string, string>>;
  readonly spec: Record<string, unknown>;
}
export interface Comparison {
  readonly server: string;
  readonly seenAt: string | null;
  readonly tools: readonly ComparedTool[];
}
export interface ComparedTool {
  readonly tool: string;
  readonly state: "pinned" | "changed" | "gone" | "new";
  readonly pinned: Definition | null;
  readonly offered: Definition | null;
  readonly refused: { readonly by: string; readonly at: string; readonly reason: string } | null;
  readonly hidden: { readonly characters: readonly { readonly code: string; readonly name: string; readonly count: number }[]; readonly says: string | null };
}
export interface Definition {
  readonly hash: string;
  readonly definition: Spec;
}
export interface ShownChange {
  readonly kind: string;
  readonly name: string;
  readonly action: string;
  readonly needsApproval: boolean;
  readonly voids: readonly string[];
  readonly reassessment?: { readonly class: string; readonly changes: readonly { readonly what: string; readonly subject: string }[]; readonly denied: readonly string[]; readonly refusedCalls: number };
}

const at = (path: string): string => `/api/v1/${path}`;
const part = encodeURIComponent;

export const useOf = (plural: string, reference: string) =>
  queryOptions({
    queryKey: [plural, "use"],
    queryFn: ({ signal }) => client.request<{ items: readonly UseRow[] }>("GET", at(`use?kind=${reference}`), undefined, { signal }),
  });
export const useOne = (plural: string, reference: string, name: string) =>
  queryOptions({
    queryKey: [plural, "use", name],
    placeholderData: undefined,
    queryFn: ({ signal }) => client.request<UseDetail>("GET", at(`use/${reference}/${part(name)}`), undefined, { signal }),
  });
export const reachedBy = (plural: string, reference: string, name: string) =>
  queryOptions({
    queryKey: [plural, "reach", name],
    placeholderData: undefined,
    queryFn: ({ signal }) => client.request<{ items: readonly Reached[]; total: number }>("GET", at(`reach?of=${part(`${reference}:${name}`)}`), undefined, { signal }),
  });
export const objectHistory = (plural: string, name: string) =>
  queryOptions({
    queryKey: [plural, "history", name],
    placeholderData: undefined,
    queryFn: ({ signal }) => client.request<{ items: readonly Version[] }>("GET", at(`${plural}/${part(name)}/history`), undefined, { signal }),
  });
export const registerObject = (plural: string, name: string, asOf?: string) =>
  queryOptions({
    queryKey: [plural, "one", name, asOf],
    placeholderData: undefined,
    queryFn: ({ signal }) => client.get<RegisterObject>(plural, name, asOf === undefined ? {} : { asOf }, { signal }),
  });
export const definitionsOf = (server: string) =>
  queryOptions({
    queryKey: ["mcp-servers", "definitions", server],
    placeholderData: undefined,
    queryFn: ({ signal }) => client.request<Comparison>("GET", at(`mcp-servers/${part(server)}/definitions`), undefined, { signal }),
  });

export const lookAt = (server: string): Promise<Comparison> => client.request("POST", at(`mcp-servers/${part(server)}/look`), {});
/** INVARIANT: answers carry the hashes of what stands on the page; a definition that was exchanged meanwhile isn't accepted. */
export const answerTo = (server: string, verb: "pin" | "refuse", tools: Readonly<Record<string, string>>, reason: string): Promise<unknown> =>
  client.request("POST", at(`mcp-servers/${part(server)}/${verb}`), { tools, reason });

export const reportVendor = (name: string, event: { kind: string; summary: string; value?: string; url?: string }): Promise<{ reassessment: string | null }> =>
  client.request("POST", at(`vendors/${part(name)}/events`), event);

const documentOf = (object: RegisterObject, spec: Spec) => ({
  apiVersion: "v1",
  kind: object.kind,
  metadata: { name: object.name, ...(object.unit === null ? {} : { unit: object.unit }), labels: object.labels },
  spec,
});
/** What the change would do to every system, nothing changed. A manifest of one document; JSON is YAML. */
export const plan = (object: RegisterObject, spec: Spec): Promise<{ changes: readonly ShownChange[] }> =>
  client.request("POST", at("apply?dryRun=true"), documentOf(object, spec));
export const change = (object: RegisterObject, spec: Spec, reason: string): Promise<unknown> =>
  client.request("POST", at(`apply?reason=${part(reason)}`), documentOf(object, spec));

/** Everything about objects and what hangs on them is asked again. */
export async function refresh(...plurals: readonly string[]): Promise<void> {
  const asked = new Set([...plurals, "reassessment", "findings", "overview"]);
  await queries.invalidateQueries({ predicate: (query) => asked.has(String(query.queryKey[0])) });
}
