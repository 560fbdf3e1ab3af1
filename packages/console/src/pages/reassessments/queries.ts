import type { Page } from "@mandate/sdk";
import { queryOptions } from "@tanstack/react-query";
import { client } from "../../api.ts";

export interface CaseRow {
  readonly id: string;
  readonly title: string;
  readonly class: string;
  readonly state: string;
  readonly observedBy: string;
  readonly openedAt: string;
  readonly due: string | null;
  readonly overdue: boolean;
  readonly url: string | null;
  readonly systems: readonly { readonly system: string; readonly outcome: string | null }[];
}

export interface MemberDiff {
  readonly member: string;
  readonly old: string | null;
  readonly new: string | null;
  readonly answer: string | null;
  readonly answered: string | null;
  readonly contradicts: boolean;
}

export interface CaseSystem {
  readonly system: string;
  readonly class: string;
  readonly differences: readonly string[];
  readonly due: string | null;
  readonly outcome: string | null;
  readonly reason: string | null;
  readonly decidedBy: string | null;
  readonly approval: string | null;
  readonly changes: readonly {
    readonly class: string;
    readonly subject: string;
    readonly what: string;
    readonly diff: readonly MemberDiff[];
  }[];
  readonly refusesNow: number;
  readonly refusesFromDue: number;
}

export interface CaseDetail extends Omit<CaseRow, "systems"> {
  readonly systems: readonly CaseSystem[];
  readonly history: readonly { readonly id: string; readonly what: string; readonly observedBy: string; readonly at: string }[];
}

export const cases = (filters: Readonly<Record<string, string>> = {}) =>
  queryOptions({
    queryKey: ["reassessment", "list", filters],
    queryFn: ({ signal }): Promise<Page<CaseRow>> =>
      client.list<CaseRow>("reassessments", { limit: 200, ...filters }, { signal }),
  });

export const oneCase = (id: string) =>
  queryOptions({
    queryKey: ["reassessment", "one", id],
    queryFn: ({ signal }) =>
      client.request<CaseDetail>("GET", `/api/v1/reassessments/${encodeURIComponent(id)}`, undefined, { signal }),
  });
