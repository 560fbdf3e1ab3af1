import { sql } from "kysely";
import type { Tx } from "../database/index.ts";
import { packAnswer, scopeWords } from "../evidence/index.ts";
import type { PackScope, SectionAnswers } from "../evidence/index.ts";

/** Each time somebody broke the glass: who, who confirmed, for how long, and who looked at it afterwards. */
export async function breakGlassAnswers(tx: Tx, org: string, scope: PackScope): Promise<SectionAnswers> {
  const { rows } = await sql<{ reviewedAt: Date | null }>`select u.id, p.name as plan, p.systems, p.rules, p.compensating, p.approval_id as "planApproval", u.started_by as "startedBy", u.started_at as "startedAt", u.reason, u.confirmed_by as "confirmedBy", u.confirmed_at as "confirmedAt",
      u.ends_at as "endsAt", u.ended_by as "endedBy", u.reviewed_by as "reviewedBy", u.reviewed_at as "reviewedAt", u.review
    from break_glass_uses u join break_glass_plans p on p.org = u.org and p.id = u.plan_id
    where u.org = ${org} ${scope.systems.length === 0 ? sql`` : sql`and p.systems && ${[...scope.systems]}::text[]`} and u.started_at < coalesce(${scope.until}::timestamptz, 'infinity') and coalesce(u.ends_at, u.started_at) >= coalesce(${scope.since}::timestamptz, '-infinity') order by u.id`.execute(tx);
  const open = rows.filter((row) => row.reviewedAt === null).length;
  return { E09: { overrides: packAnswer({ source: "break_glass_plans, break_glass_uses", query: `uses of a registered two-person plan in the period, with confirmation, end and review; ${scopeWords(scope)}`, gaps: open === 0 ? [] : [`${open} uses are not reviewed yet.`], rows }) } };
}
