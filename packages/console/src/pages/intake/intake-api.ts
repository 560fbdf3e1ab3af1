import type { ChangedTier, TierReason } from "@mandate/sdk";
import { keepPreviousData, queryOptions } from "@tanstack/react-query";
import { client } from "../../api.ts";
import type { Form } from "../register-form.ts";
import { manifestOf, nameOf } from "../register-form.ts";

export interface Similar {
  readonly name: string;
  readonly title: string;
  readonly score: number;
  readonly because: readonly string[];
}

export interface TierView {
  readonly tier: string;
  readonly lowest: string;
  readonly reasons: readonly TierReason[];
  readonly flags: ChangedTier["flags"];
  readonly unanswered: readonly string[];
  readonly inputs: readonly {
    readonly input: string;
    readonly question: string;
    readonly kind: string;
    readonly value: unknown;
    readonly source: string;
    readonly by: string | null;
    readonly at: string | null;
  }[];
  readonly contradictions: readonly { readonly input: string; readonly declared: string; readonly observed: string }[];
  readonly override: { readonly tier: string; readonly by: string; readonly ends: string | null } | null;
  readonly overrides: readonly { readonly id: string; readonly tier: string; readonly state: string }[];
  readonly history: readonly { readonly seq: number; readonly at: string; readonly by: string; readonly tier: string }[];
}

export interface ImportReport {
  readonly rows: readonly {
    readonly row: number;
    readonly name: string;
    readonly status: string;
    readonly tier: string | null;
    readonly problems: readonly string[];
    readonly notMapped: readonly string[];
  }[];
  readonly columns: readonly { readonly heading: string; readonly field: string | null }[];
  readonly drafts: number;
}

/** The server's own determination, by a dry run: nothing here decides a tier. */
export const tierPreview = (form: Form) =>
  queryOptions({
    queryKey: ["tier-preview", manifestOf(form)],
    retry: false,
    staleTime: 60_000,
    placeholderData: keepPreviousData,
    queryFn: async ({ signal }): Promise<ChangedTier | null> => {
      const { changes } = await client.apply(manifestOf(form), { dryRun: true }, { signal });
      return changes.find((change) => change.kind === "AISystem" && change.name === nameOf(form.title))?.tier ?? null;
    },
  });

export const similarTo = (form: Form) => {
  const wanted = { title: form.title, purposes: [form.purpose], tools: form.tools, datasets: form.datasets };
  return queryOptions({
    queryKey: ["systems", "similar", wanted],
    queryFn: async ({ signal }): Promise<readonly Similar[]> =>
      (await client.request<{ items: readonly Similar[] }>("POST", "/api/v1/systems/similar", wanted, { signal })).items,
  });
};

export const tierOf = (name: string) =>
  queryOptions({
    queryKey: ["systems", "tier", name],
    queryFn: ({ signal }) =>
      client.request<TierView>("GET", `/api/v1/systems/${encodeURIComponent(name)}/tier`, undefined, { signal }),
  });
