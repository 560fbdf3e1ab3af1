import { sql } from "kysely";
import type { Tx } from "../database/index.ts";
import { packAnswer } from "../evidence/index.ts";
import type { PackScope, SectionAnswers } from "../evidence/index.ts";

/** Who answered in whose place, and on what word. */
export async function delegationAnswers(tx: Tx, org: string, scope: PackScope): Promise<SectionAnswers> {
  const { rows } = await sql<Record<string, unknown>>`select d.id, d.from_email as "from", d.to_email as "to", d.reason, d.starts, d.ends, d.signed_at as "signedAt", d.approval_id as approval, d.ended_at as "endedAt",
      (select count(*)::int from approval_signatures s where s.org = d.org and s.delegation_id = d.id) as answers
    from delegations d where d.org = ${org} and d.starts < coalesce(${scope.until}::timestamptz, 'infinity') and d.ends >= coalesce(${scope.since}::timestamptz, '-infinity') order by d.id`.execute(tx);
  return { E03: { "approval authority matrix": { delegations: packAnswer({ source: "delegations, approval_signatures", query: "delegations in force in the period, with the answers given under each; all systems", rows }) } } };
}
