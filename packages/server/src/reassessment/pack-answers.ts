import { sql } from "kysely";
import type { Tx } from "../database/index.ts";
import { packAnswer, scopeWords } from "../evidence/index.ts";
import type { PackScope, SectionAnswers } from "../evidence/index.ts";

/** Cases, what opened each, and how each system's came out. */
export async function reassessmentAnswers(tx: Tx, org: string, scope: PackScope): Promise<SectionAnswers> {
  const { rows } = await sql<Record<string, unknown>>`select r.id, r.trigger, r.title, r.subject, r.state, r.observed_by as "observedBy", r.opened_by as "openedBy", s.system, s.class, s.differences, s.changes,
      s.opened_at as "openedAt", s.due_at as "due", s.authorization_id as authorization, s.outcome, s.reason, coalesce(s.decided_email, s.decided_by) as "decidedBy"
    from reassessments r join reassessment_systems s on s.org = r.org and s.reassessment_id = r.id
    where r.org = ${org} ${scope.systems.length === 0 ? sql`` : sql`and s.system = any(${[...scope.systems]}::text[])`} and s.opened_at < coalesce(${scope.until}::timestamptz, 'infinity') order by r.id, s.system`.execute(tx);
  return { E07: { "reassessments and their triggers": { cases: packAnswer({ source: "reassessments, reassessment_systems", query: `cases opened before the end of the period with trigger, differences, outcome and who decided; ${scopeWords(scope)}`, rows }) } } };
}
