import type { EvidenceEntry, Page } from "@mandate/sdk";
import { queryOptions } from "@tanstack/react-query";
import { client, queries } from "../../api.ts";
import type { DecisionRow, Mark } from "../../api-types.ts";

export interface AuditSummary {
  readonly id: string;
  readonly title: string;
  readonly framework: string | null;
  readonly systems: readonly string[];
  readonly since: string | null;
  readonly until: string | null;
  readonly auditors: readonly string[];
  readonly external: boolean;
  readonly openedBy: string;
  readonly openedAt: string;
  readonly ends: string;
  readonly state: "open" | "ended" | "closed";
  readonly closed: { readonly at: string; readonly by: string; readonly reason: string } | null;
}
export interface Member {
  readonly log: string;
  readonly index: number;
  readonly decision: string;
}
export interface Sample {
  readonly draw: number;
  readonly value: string;
  readonly size: number;
  readonly at: string;
  readonly by: string;
  readonly members: readonly Member[];
}
export interface Question {
  readonly n: number;
  readonly text: string;
  readonly about: { readonly draw: number; readonly position: number } | null;
  readonly at: string;
  readonly by: string;
  readonly answers: readonly { readonly n: number; readonly text: string; readonly at: string; readonly by: string }[];
}
export interface Room extends AuditSummary {
  readonly population: {
    readonly checkpoint: { readonly origin: string; readonly size: number; readonly root: string };
    readonly logs: readonly { readonly origin: string; readonly size: number; readonly members: number }[];
    readonly members: number;
    readonly digest: string;
  } | null;
  readonly samples: readonly Sample[];
  readonly questions: readonly Question[];
  readonly altered: readonly string[];
  readonly auditor: boolean;
}
export interface Trace {
  readonly member: Member;
  readonly entry: EvidenceEntry;
  readonly outcome: EvidenceEntry | null;
  readonly decision: DecisionRow | null;
  readonly policy: { readonly version: string; readonly register: number; readonly rule: string | null; readonly text: { readonly policy: string; readonly version: number; readonly text: string } | null };
  readonly approvals: readonly {
    readonly id: string;
    readonly state: string;
    readonly action: string;
    readonly statement: Readonly<Record<string, unknown>>;
    readonly digest: string;
    readonly signatures: readonly { readonly kind: string; readonly person: string; readonly role: string; readonly choice: string; readonly reason: string; readonly at: string }[];
  }[];
}

export const auditList = queryOptions({
  queryKey: ["audit", "list"],
  queryFn: ({ signal }): Promise<Page<AuditSummary>> => client.list<AuditSummary>("audits", { limit: 200 }, { signal }),
});

const pathOf = (id: string): string => `/api/v1/audits/${encodeURIComponent(id)}`;

/** Each asking is on record as a reading, so it isn't asked again for a glance at another window. */
export const auditRoom = (id: string) =>
  queryOptions({ queryKey: ["audit", "room", id], refetchOnWindowFocus: false, staleTime: 30_000, queryFn: ({ signal }) => client.request<Room>("GET", pathOf(id), undefined, { signal }) });

export const auditReads = (id: string) =>
  queryOptions({
    queryKey: ["audit-reads", id],
    queryFn: async ({ signal }) => (await client.request<{ items: readonly { at: string; by: string; what: string }[] }>("GET", `${pathOf(id)}/reads`, undefined, { signal })).items,
  });

export const auditTrace = (id: string, draw: number, position: number) =>
  queryOptions({ queryKey: ["audit-trace", id, draw, position], refetchOnWindowFocus: false, staleTime: Infinity, placeholderData: undefined, queryFn: ({ signal }) => client.request<Trace>("GET", `${pathOf(id)}/samples/${draw}/${position}`, undefined, { signal }) });

/** Says something in the room; what comes back is the room as it is now. */
export async function act(id: string, what: string, body: unknown): Promise<void> {
  queries.setQueryData(auditRoom(id).queryKey, await client.request<Room>("POST", `${pathOf(id)}/${what}`, body, { timeoutMs: 0 }));
  await queries.invalidateQueries({ queryKey: ["audit-reads", id] });
}

export const stateMarks: Readonly<Record<AuditSummary["state"], Mark>> = { open: "allow", ended: "unknown", closed: "unknown" };
