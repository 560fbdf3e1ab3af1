import { queryOptions } from "@tanstack/react-query";
import type { Page } from "@mandate/sdk";
import { client, inventory } from "../../api.ts";
import type { InventoryRow } from "../../api-types.ts";

export interface RecordRow<Spec> extends Omit<InventoryRow, "spec"> {
  readonly spec: Spec;
}

type Level = "low" | "medium" | "high";

export interface RiskSpec {
  readonly title: string;
  readonly description?: string;
  readonly systems: readonly string[];
  readonly owner: string;
  readonly likelihood: Level;
  readonly impact: Level;
  readonly treatment: string;
  readonly residual: Level;
  readonly controls: readonly string[];
  readonly review?: string;
}

export interface EvaluationSpec {
  readonly title: string;
  readonly system: string;
  readonly owner: string;
  readonly metric: string;
  readonly threshold: { readonly direction: "at-least" | "at-most"; readonly value: number };
  readonly score?: number;
  readonly measured?: string;
  readonly every?: string;
}

export interface ReviewSpec {
  readonly title?: string;
  readonly system: string;
  readonly reviewer: string;
  readonly from: string;
  readonly until: string;
  readonly population: number;
  readonly sampled: number;
  readonly adverse: number;
  readonly complaints: number;
  readonly tolerated: number;
  readonly next?: string;
}

export interface DocumentSpec {
  readonly title: string;
  readonly type: string;
  readonly systems: readonly string[];
  readonly owner: string;
  readonly url?: string;
  readonly ends?: string;
}

export interface TrainingSpec {
  readonly person: string;
  readonly course: string;
  readonly roles: readonly string[];
  readonly completed: string;
  readonly ends?: string;
}

export interface Acceptance {
  readonly risk: string;
  readonly by: string;
  readonly ends: string;
  readonly state: "in-force" | "ended" | "changed" | "withdrawn";
}

export interface Concern {
  readonly key: string;
  readonly kind: string;
}

/** Specs come as the register validated them; here they only get their names. At most 2,000 rows. */
export const recordsOf = <Spec>(kind: string) => ({
  ...inventory(kind),
  select: (page: Page<InventoryRow>) => page.items as unknown as readonly RecordRow<Spec>[],
});

export const acceptances = queryOptions({
  queryKey: ["risks", "acceptances"],
  queryFn: async ({ signal }) =>
    (await client.request<{ items: readonly Acceptance[] }>("GET", "/api/v1/risk-acceptances", undefined, { signal }))
      .items,
});

export const concerns = queryOptions({
  queryKey: ["findings", "concerns"],
  queryFn: async ({ signal }) =>
    (await client.request<{ items: readonly Concern[] }>("GET", "/api/v1/concerns", undefined, { signal })).items,
});

export const nameOf = (reference: string): string => reference.slice(reference.indexOf(":") + 1);
