import { queryOptions } from "@tanstack/react-query";
import { client } from "../../api.ts";

export const kinds = ["gate", "rule", "control", "finding"] as const;
export type Kind = (typeof kinds)[number];

export interface ExceptionRow {
  readonly id: string;
  readonly system: string;
  readonly scope: { readonly kind: Kind; readonly id: string };
  readonly state: "asked" | "in_force" | "refused" | "ended";
  readonly reason: string;
  readonly compensating: string;
  readonly requester: string;
  readonly approval: string;
  readonly grantedBy: readonly string[];
  readonly ends: string;
}

export const exceptions = (system?: string) =>
  queryOptions({
    queryKey: ["exceptions", system ?? ""],
    queryFn: async ({ signal }) => {
      const query = system === undefined ? "" : `&system=${encodeURIComponent(system)}`;
      const path = `/api/v1/exceptions?limit=500${query}`;
      return (await client.request<{ items: readonly ExceptionRow[] }>("GET", path, undefined, { signal })).items;
    },
  });
