import { MandateClient, MandateError } from "@mandate/sdk";
import type { Page, Session } from "@mandate/sdk";
import { keepPreviousData, QueryClient, queryOptions } from "@tanstack/react-query";
import type {
  Activity,
  ApprovalView,
  CredentialRow,
  DecisionRow,
  DecisionView,
  EmergencyPlan,
  ExternalKeyRow,
  FindingRow,
  InventoryRow,
  Overview,
  PersonRow,
  Reach,
  SystemRow,
  SystemView,
} from "./api-types.ts";
import { t } from "./text.ts";

let csrf: string | undefined;
export const client = new MandateClient({ url: "", csrf: () => csrf });

export const queries = new QueryClient({
  defaultOptions: {
    // The client tries reads again by itself; a refusal is not worth repeating.
    queries: { retry: false, staleTime: 10_000, refetchOnWindowFocus: true, placeholderData: keepPreviousData },
    mutations: { retry: false },
  },
});

/** Whether anyone is signed in, asked in a way that is never refused: a refusal would stand in the browser's console. */
export const signedIn = async (): Promise<boolean> => (await client.session.state()).signedIn;
/** First part of each key is the object kind that a `change` event names. */
export const session = queryOptions<Session>({
  queryKey: ["session"],
  staleTime: 60_000,
  queryFn: async ({ signal }) => {
    if (csrf === undefined && !(await signedIn()))
      throw new MandateError({ code: "identity.signed_out", status: 401, message: t.states.signInFirst });
    const answer = await client.session.get({ signal });
    csrf = answer.csrf;
    return answer;
  },
});
/** After somebody signed in again in another tab: the new session's token of this page is asked for. */
export async function renewSession(): Promise<void> {
  csrf = undefined;
  await queries.invalidateQueries();
}
export const overview = queryOptions<Overview>({
  queryKey: ["overview"],
  queryFn: ({ signal }) => client.request("GET", "/api/v1/overview", undefined, { signal }),
});

export type Filters = Record<string, string | number | undefined>;
const listOf = <T>(kind: string, filters: Filters = {}) =>
  queryOptions({
    queryKey: [kind, "list", filters],
    queryFn: ({ signal }) => client.list<T>(kind, filters, { signal }),
  });

/** A whole register list, page after page by cursor: at most 2,000 rows, then it says that there are more. */
const allOf = <T>(kind: string, filters: Filters = {}) =>
  queryOptions({
    queryKey: [kind, "all", filters],
    queryFn: async ({ signal }): Promise<Page<T>> => {
      let items: readonly T[] = [];
      let nextCursor: string | null = null;
      do {
        const page: Page<T> = await client.list<T>(
          kind,
          { limit: 500, ...filters, ...(nextCursor === null ? {} : { cursor: nextCursor }) },
          { signal },
        );
        items = [...items, ...page.items];
        nextCursor = page.nextCursor;
      } while (nextCursor !== null && items.length < 2000);
      return { items, nextCursor };
    },
  });

export const systems = (filters: Filters = {}) => allOf<SystemRow>("systems", filters);
export const system = (name: string) =>
  queryOptions({
    queryKey: ["systems", "one", name],
    queryFn: ({ signal }) => client.get<SystemView>("systems", name, {}, { signal }),
  });
const partOf = <T>(name: string, part: string) =>
  queryOptions({
    queryKey: ["systems", part, name],
    queryFn: ({ signal }) =>
      client.request<T>("GET", `/api/v1/systems/${encodeURIComponent(name)}/${part}`, undefined, { signal }),
  });
export const reach = (name: string) => partOf<Reach>(name, "reach");
export const activity = (name: string) => partOf<Activity>(name, "activity");
export const history = (name: string) =>
  partOf<{ items: readonly { at: string; by: string; reason: string | null; summary: string; digest?: string }[] }>(
    name,
    "history",
  );
export const decisions = (filters: Filters = {}) => listOf<DecisionRow>("decisions", { limit: 50, ...filters });
export const decision = (id: string) =>
  queryOptions({
    queryKey: ["decisions", "one", id],
    queryFn: ({ signal }) => client.get<DecisionView>("decisions", id, {}, { signal }),
  });
export const approvals = (filters: Filters = {}) => allOf<ApprovalView>("approvals", { state: "pending", ...filters });
export const approvalMetrics = queryOptions({
  queryKey: ["approvals", "metrics"],
  queryFn: ({ signal }) => client.approvals.metrics({ days: 30 }, { signal }),
});
export const delegations = queryOptions({
  queryKey: ["delegations"],
  queryFn: ({ signal }) => client.delegations.list({ limit: 50 }, { signal }),
});
export const approval = (id: string) =>
  queryOptions({
    queryKey: ["approvals", "one", id],
    queryFn: ({ signal }) => client.get<ApprovalView>("approvals", id, {}, { signal }),
  });
export const externalKeys = (filters: Filters = {}) => allOf<ExternalKeyRow>("external-credentials", filters);
export const credentials = (filters: Filters = {}) => allOf<CredentialRow>("credentials", filters);
export const findings = (filters: Filters = {}) => allOf<FindingRow>("findings", { state: "open", ...filters });
export const people = () => allOf<PersonRow>("people");
export const inventory = (kind: string) => allOf<InventoryRow>(kind);
export const inventoryItem = (kind: string, name: string) =>
  queryOptions({
    queryKey: [kind, "one", name],
    queryFn: ({ signal }) => client.get<InventoryRow>(kind, name, {}, { signal }),
  });
export const logs = queryOptions({
  queryKey: ["evidence", "logs"],
  queryFn: ({ signal }) => client.evidence.logs({ signal }),
});
export const entry = (log: string, index: number) =>
  queryOptions({
    queryKey: ["evidence", "entry", log, index],
    staleTime: 60_000,
    placeholderData: undefined,
    queryFn: ({ signal }) => client.evidence.entry(log, index, { signal }),
  });

export const breakGlass = queryOptions<{ readonly items: readonly EmergencyPlan[] }>({
  queryKey: ["break-glass"],
  refetchInterval: 30_000,
  queryFn: ({ signal }) => client.request("GET", "/api/v1/break-glass", undefined, { signal }),
});

export const isSignedOut = (error: unknown): boolean => error instanceof MandateError && error.status === 401;
export { MandateError };
