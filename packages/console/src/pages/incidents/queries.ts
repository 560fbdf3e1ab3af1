import type { Page } from "@mandate/sdk";
import { queryOptions } from "@tanstack/react-query";
import { client, queries } from "../../api.ts";

export interface Clock {
  readonly id: string;
  readonly title: string;
  readonly citation: string;
  readonly to: string;
  readonly due: string;
  readonly derived: string;
  readonly state: string;
  readonly confirmed: { readonly by: string; readonly reason: string } | null;
  readonly draft: string;
  readonly submitted: { readonly at: string; readonly by: string; readonly reference: string } | null;
}
export interface IncidentRow {
  readonly id: string;
  readonly title: string;
  readonly severity: string;
  readonly state: "open" | "closed";
  readonly systems: readonly string[];
  readonly aware: string;
  readonly openedAt: string;
  readonly openedBy: string;
  readonly closed: { readonly at: string; readonly by: string; readonly how: string } | null;
  readonly clocks: readonly Clock[];
  readonly nextDue: string | null;
  readonly overdue: boolean;
}
export interface StopRow {
  readonly id: string;
  readonly scope: string;
  readonly name: string;
  readonly reason: string;
  readonly state: string;
}
export interface IncidentView extends IncidentRow {
  readonly timeline: readonly { readonly seq: number; readonly at: string; readonly by: string; readonly kind: string; readonly text: string }[];
  readonly stops: readonly StopRow[];
}
export interface Effect {
  readonly systems: readonly string[];
  readonly callsAnHour: number;
}
export interface GatewayRow {
  readonly name: string;
  readonly confirmed: boolean;
}
export type Scope = Readonly<Record<string, string | true>>;

export const incidents = queryOptions({
  queryKey: ["incidents", "list"],
  queryFn: ({ signal }): Promise<Page<IncidentRow>> => client.list<IncidentRow>("incidents", { limit: 200 }, { signal }),
});
export const incident = (id: string) =>
  queryOptions({
    queryKey: ["incidents", "one", id],
    queryFn: ({ signal }) =>
      client.request<IncidentView>("GET", `/api/v1/incidents/${encodeURIComponent(id)}`, undefined, { signal }),
  });
export const questions = queryOptions({
  queryKey: ["incidents", "questions"],
  staleTime: Infinity,
  queryFn: async ({ signal }) =>
    (
      await client.request<{ items: readonly { id: string; question: string }[] }>(
        "GET",
        "/api/v1/incidents/questions",
        undefined,
        { signal },
      )
    ).items,
});
export const gateways = queryOptions({
  queryKey: ["gateways"],
  staleTime: 0,
  queryFn: async ({ signal }) =>
    (await client.request<{ items: readonly GatewayRow[] }>("GET", "/api/v1/gateways", undefined, { signal })).items,
});

/** What a stop would refuse, in numbers. */
export const effectOf = (scope: Scope | null) =>
  queryOptions({
    queryKey: ["kill", "effect", scope],
    enabled: scope !== null,
    queryFn: async ({ signal }) =>
      (await client.request<{ effect: Effect }>("POST", "/api/v1/kill?dryRun=true", { scope }, { signal })).effect,
  });

export async function change(id: string, path: string, body: unknown, method: "POST" | "PUT" = "POST"): Promise<void> {
  await client.request(method, `/api/v1/incidents/${encodeURIComponent(id)}/${path}`, body);
  await queries.invalidateQueries({ queryKey: ["incidents"] });
}
