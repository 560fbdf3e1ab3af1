import { queryOptions } from "@tanstack/react-query";
import { client } from "../../api.ts";

export interface Gate {
  readonly id: string;
  readonly title: string;
  readonly state: "met" | "not_met" | "waived" | "cant_tell";
  readonly detail: string;
  readonly evidence: string | null;
  readonly who: { readonly role: string; readonly email: string | null };
  readonly fix: { readonly text: string; readonly page: string };
  readonly waiver: {
    readonly exception: string;
    readonly by: readonly string[];
    readonly until: string;
    readonly compensating: string;
  } | null;
}

export interface Gates {
  readonly tier: string;
  readonly versionDigest: string;
  readonly ready: boolean;
  readonly gates: readonly Gate[];
  readonly approvers: readonly { readonly group: string; readonly count: number; readonly people: readonly string[] }[];
}

export const gates = (name: string) =>
  queryOptions({
    queryKey: ["systems", "gates", name],
    queryFn: ({ signal }) =>
      client.request<Gates>("GET", `/api/v1/systems/${encodeURIComponent(name)}/gates?type=production`, undefined, {
        signal,
      }),
  });

export interface Request {
  readonly id: string;
  readonly type: string;
  readonly state: string;
  readonly tier: string;
  readonly versionDigest: string;
  readonly terms: { readonly ends?: string | null } | null;
  readonly conditions: readonly Readonly<Record<string, unknown>>[];
  readonly ends: string | null;
  readonly requester: string | null;
  readonly approvers: readonly { readonly email: string; readonly role: string; readonly at: string }[];
  readonly needs: readonly string[];
  readonly approval: string | null;
}
