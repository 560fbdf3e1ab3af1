import type { Tier } from "@mandate/model";
import { sql } from "kysely";
import type { Tx } from "../database/index.ts";

export const exceptionScopes = ["gate", "rule", "control", "finding"] as const;
export type ExceptionScope = (typeof exceptionScopes)[number];

export interface Exception {
  readonly id: string;
  readonly system: string;
  readonly scope: ExceptionScope;
  /** Gate item, rule, control or finding, by id. */
  readonly target: string;
  readonly reason: string;
  readonly compensating: string;
  readonly tier: Tier;
  readonly requester: string;
  readonly requesterEmail: string | null;
  readonly requestedAt: Date;
  readonly approvalId: string;
  readonly grantedAt: Date | null;
  readonly grantedBy: readonly string[] | null;
  readonly endsAt: Date;
  readonly endedAt: Date | null;
  readonly endedBy: string | null;
  readonly endedReason: string | null;
}

export type ExceptionState = "asked" | "in_force" | "refused" | "ended";

/** INVARIANT (G5): its end is compared with the clock wherever it counts. */
export function stateOf(one: Pick<Exception, "grantedAt" | "endsAt" | "endedAt">, nowMs: number): ExceptionState {
  if (one.grantedAt === null) return one.endedAt !== null || one.endsAt.getTime() <= nowMs ? "refused" : "asked";
  return one.endedAt !== null || one.endsAt.getTime() <= nowMs ? "ended" : "in_force";
}

const columns = sql`id, system, scope, target, reason, compensating, tier, requester, requester_email as "requesterEmail", requested_at as "requestedAt", approval_id as "approvalId",
  granted_at as "grantedAt", granted_by as "grantedBy", ends_at as "endsAt", ended_at as "endedAt", ended_by as "endedBy", ended_reason as "endedReason"`;

export interface ExceptionFilter {
  readonly system?: string | undefined;
  readonly id?: string | undefined;
  readonly approval?: string | undefined;
  readonly lock?: boolean | undefined;
}

/** Soonest end first. */
export async function readExceptions(tx: Tx, org: string, { system, id, approval, lock }: ExceptionFilter = {}): Promise<readonly Exception[]> {
  const { rows } = await sql<Exception>`select ${columns} from exceptions where org = ${org} and (${system ?? null}::text is null or system = ${system ?? null}) and (${id ?? null}::text is null or id = ${id ?? null})
    and (${approval ?? null}::text is null or approval_id = ${approval ?? null}) order by ends_at, id limit 5000 ${lock === true ? sql`for update` : sql``}`.execute(tx);
  return rows;
}

/** Those that lift something now, soonest end first. */
export async function exceptionsInForce(tx: Tx, org: string, nowMs: number, system?: string): Promise<readonly Exception[]> {
  return (await readExceptions(tx, org, { system })).filter((one) => stateOf(one, nowMs) === "in_force");
}
