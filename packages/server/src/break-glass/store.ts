import { sql } from "kysely";
import type { Tx } from "../database/index.ts";

export const reviewWithinMs = 3 * 86_400_000;
/** A first person's start waits this long for the second. */
export const confirmWithinMs = 15 * 60_000;

export interface Use {
  readonly id: string;
  readonly startedBy: string;
  readonly startedAt: string;
  readonly reason: string;
  readonly confirmedBy: string | null;
  readonly endsAt: string | null;
  readonly reviewDue: string | null;
  readonly reviewedBy: string | null;
  readonly review: string | null;
}

export interface Plan {
  readonly id: string;
  readonly name: string;
  readonly systems: readonly string[];
  readonly rules: readonly string[];
  /** E-mails. */
  readonly people: readonly string[];
  readonly minutes: number;
  readonly reason: string;
  readonly compensating: string;
  readonly approval: string;
  readonly state: "asked" | "ready" | "waiting" | "open" | "ended";
  readonly endsAt: string;
  /** Newest first. */
  readonly uses: readonly Use[];
}

interface PlanRow {
  id: string;
  name: string;
  systems: string[];
  rules: string[];
  people: string[];
  minutes: number;
  reason: string;
  compensating: string;
  approval_id: string;
  approved_at: Date | null;
  ends_at: Date;
  ended_at: Date | null;
}

interface UseRow {
  id: string;
  plan_id: string;
  started_by: string;
  started_at: Date;
  reason: string;
  confirmed_by: string | null;
  confirmed_at: Date | null;
  ends_at: Date | null;
  reviewed_by: string | null;
  review: string | null;
}

/** Plans with their uses; state as compared with the clock (G5). */
export async function readPlans(tx: Tx, org: string, nowMs: number, only?: { readonly name?: string; readonly lock?: boolean }): Promise<readonly Plan[]> {
  const { rows } = await sql<PlanRow>`select id, name, systems, rules, minutes, reason, compensating, approval_id, approved_at, ends_at, ended_at,
      (select coalesce(array_agg(p.email order by p.email), '{}') from people p where p.org = b.org and p.id = any(b.people)) as people
    from break_glass_plans b where org = ${org} and ended_at is null and (${only?.name ?? null}::text is null or name = ${only?.name ?? null})
    order by name limit 200 ${only?.lock === true ? sql`for update of b` : sql``}`.execute(tx);
  const uses = await sql<UseRow>`select u.id, u.plan_id, s.email as started_by, u.started_at, u.reason, c.email as confirmed_by, u.confirmed_at, u.ends_at, r.email as reviewed_by, u.review
    from break_glass_uses u join people s on s.org = u.org and s.id = u.started_by left join people c on c.org = u.org and c.id = u.confirmed_by left join people r on r.org = u.org and r.id = u.reviewed_by
    where u.org = ${org} and u.plan_id = any(${rows.map((row) => row.id)}) order by u.started_at desc`.execute(tx);
  return rows.map((row) => {
    const own = uses.rows.filter((use) => use.plan_id === row.id);
    return {
      id: row.id,
      name: row.name,
      systems: row.systems,
      rules: row.rules,
      people: row.people,
      minutes: row.minutes,
      reason: row.reason,
      compensating: row.compensating,
      approval: row.approval_id,
      state: stateOf(row, own, nowMs),
      endsAt: row.ends_at.toISOString(),
      uses: own.map((use) => ({
        id: use.id,
        startedBy: use.started_by,
        startedAt: use.started_at.toISOString(),
        reason: use.reason,
        confirmedBy: use.confirmed_by,
        endsAt: use.ends_at?.toISOString() ?? null,
        reviewDue: use.confirmed_at === null ? null : new Date(use.confirmed_at.getTime() + reviewWithinMs).toISOString(),
        reviewedBy: use.reviewed_by,
        review: use.review,
      })),
    };
  });
}

function stateOf(plan: PlanRow, uses: readonly UseRow[], nowMs: number): Plan["state"] {
  if (uses.some((use) => use.ends_at !== null && use.ends_at.getTime() > nowMs)) return "open";
  if (plan.ends_at.getTime() <= nowMs) return "ended";
  if (plan.approved_at === null) return "asked";
  return uses.some((use) => use.confirmed_at === null && use.started_at.getTime() + confirmWithinMs > nowMs) ? "waiting" : "ready";
}
