import { queryOptions } from "@tanstack/react-query";
import { client } from "../../api.ts";

export type Outcome = "pass" | "fail" | "stale" | "not_applicable" | "unproven";

export interface Summary {
  readonly key: string;
  readonly name: string;
  readonly short: string;
  readonly version: string;
  readonly items: number;
}
export interface Item {
  readonly id: string;
  readonly title: string;
  readonly summary: string | null;
  readonly heading: boolean;
  readonly appliesFrom: string | null;
  readonly inForce: boolean | null;
  readonly controls: readonly string[];
  readonly outcome: Outcome | null;
}
export interface Framework extends Omit<Summary, "items"> {
  readonly publisher: string;
  readonly titleStatus: string;
  readonly items: readonly Item[];
  readonly dates: readonly { readonly date: string; readonly what: string; readonly basis: string; readonly inForce: boolean }[];
}
export interface Fault {
  readonly subject: string;
  readonly system: string | null;
  readonly fault: string;
  readonly exception: string | null;
}
export interface Result {
  readonly id: string;
  readonly at: string;
  readonly grade: string;
  readonly outcome: Outcome;
  readonly reason: string;
  readonly unit: string;
  readonly population: number;
  readonly faults: number;
  readonly excepted: number;
  readonly exceptions: readonly Fault[];
  readonly systems: Readonly<Record<string, { readonly population: number; readonly faults: number; readonly excepted: number }>>;
  readonly query: string;
  readonly window: { readonly since: string; readonly until: string };
  readonly position: readonly { readonly origin: string; readonly size: number }[];
  /** Of controls with a probe: what each gateway met. */
  readonly gateways: readonly { readonly gateway: string; readonly outcome: "refused" | "not_refused" | "not_known"; readonly saw: string }[];
  readonly proof: { readonly how: string; readonly saw: string; readonly at: string } | null;
}
export interface Control {
  readonly id: string;
  readonly statement: string;
  readonly kind: string;
  readonly measure: string;
  readonly evidence: string;
  readonly appliesTo: string;
  readonly supports: Readonly<Record<string, readonly string[]>>;
  readonly grade: string;
  readonly outcome: Outcome;
  readonly result: Result | null;
  readonly gapOwner: { readonly role: string; readonly email: string | null } | null;
}

const of = (system: string): Record<string, string> => (system === "" ? {} : { system });

export const frameworks = queryOptions({
  queryKey: ["frameworks", "list"],
  staleTime: 3_600_000,
  queryFn: async ({ signal }) => (await client.list<Summary>("frameworks", {}, { signal })).items,
});
export const controls = (system: string) =>
  queryOptions({
    queryKey: ["control", "list", system],
    staleTime: 30_000,
    queryFn: async ({ signal }) => (await client.list<Control>("controls", of(system), { signal })).items,
  });
export const framework = (key: string, system: string) =>
  queryOptions({
    queryKey: ["control", "framework", key, system],
    staleTime: 30_000,
    queryFn: ({ signal }) => client.get<Framework>("frameworks", key, of(system), { signal }),
  });
export const history = (id: string) =>
  queryOptions({
    queryKey: ["control", "history", id],
    queryFn: async ({ signal }) =>
      (
        await client.request<{ items: readonly Result[] }>(
          "GET",
          `/api/v1/controls/${encodeURIComponent(id)}/results?limit=20`,
          undefined,
          { signal },
        )
      ).items,
  });

/** Worst first; what isn't known comes before what is known to hold. */
const order: readonly (Outcome | null)[] = ["fail", "stale", "unproven", "pass", "not_applicable", null];
export const isGap = (outcome: Outcome | null): boolean => outcome === "fail" || outcome === "stale" || outcome === "unproven";

export function arranged<T extends { readonly outcome: Outcome | null }>(rows: readonly T[], show: string): readonly T[] {
  if (show === "all") return rows;
  const sorted = rows.toSorted((a, b) => order.indexOf(a.outcome) - order.indexOf(b.outcome));
  return show === "only" ? sorted.filter((row) => isGap(row.outcome)) : sorted;
}
