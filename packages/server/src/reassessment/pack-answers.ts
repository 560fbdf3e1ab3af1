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
  const changes = await sql<Record<string, unknown>>`select c.id, c.trigger, c.class, c.subject, c.what, c.old, c.new, c.observed_by as "observedBy", c.reassessment_id as reassessment, c.at from change_events c
    where c.org = ${org} and (c.trigger like 'model%' or c.trigger like 'vendor%' or c.trigger like '%region%') and c.at >= coalesce(${scope.since}::timestamptz, '-infinity') and c.at < coalesce(${scope.until}::timestamptz, 'infinity')
      ${scope.systems.length === 0 ? sql`` : sql`and exists (select from reassessment_systems s where s.org = c.org and s.reassessment_id = c.reassessment_id and s.system = any(${[...scope.systems]}::text[]))`} order by c.at, c.id`.execute(tx);
  const noticed = packAnswer({ source: "change_events", query: `changes of a model, a vendor or a region that were noticed in the period, with the case each opened; ${scopeWords(scope)}`, gaps: ["A vendor that changes a model behind an unchanged id, or its region without saying so, is not recorded: owner technical owners."], rows: changes.rows });
  return { E12: { "model or region changes seen": noticed }, E07: { "reassessments and their triggers": packAnswer({ source: "reassessments, reassessment_systems", query: `cases opened before the end of the period with trigger, differences, outcome and who decided; ${scopeWords(scope)}`, rows }) } };
}
