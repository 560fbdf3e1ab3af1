import { sql } from "kysely";
import type { Tx } from "../database/index.ts";
import type { PackScope } from "../evidence/index.ts";

export interface PackPreview {
  readonly decisions: number;
  /** Entries of every log up to now; a pack of some systems shows theirs and proves the rest by their hashes. */
  readonly entries: number;
  readonly approvals: number;
  /** Decisions whose content the keys in a disclosed pack would open. */
  readonly opens: number;
  /** Those whose content was erased, or ended: nothing opens it any more. */
  readonly erased: number;
  readonly erasures: number;
  readonly holds: number;
}

/** What a pack of this scope would hold, and what disclosing would open, before anything is made. */
export async function previewPack(tx: Tx, org: string, { systems, since, until }: PackScope): Promise<PackPreview> {
  // Without the controls' probes, as the pack counts.
  const within = sql`coalesce(system, '') not like 'probe:%' and coalesce(credential, '') not like 'probe:%' and org = ${org} and at >= coalesce(${since}::timestamptz, '-infinity') and at < coalesce(${until}::timestamptz, 'infinity') ${systems.length === 0 ? sql`` : sql`and system = any(${[...systems]}::text[])`}`;
  const decided = await sql<{ decisions: number; opens: number; approvals: number }>`select count(*)::int as decisions, count(approval)::int as approvals,
      count(*) filter (where exists (select 1 from evidence_key k where k.org = d.org and k.origin = coalesce(d.intent_log, d.result_log) and k.index = coalesce(d.intent_index, d.result_index)))::int as opens
    from decision d where ${within}`.execute(tx);
  const { rows } = await sql<{ entries: number; erasures: number; holds: number }>`select (select coalesce(sum(size), 0)::int from evidence_log where org = ${org}) as entries,
      (select count(*)::int from evidence_erasure where org = ${org}) as erasures, (select count(*)::int from evidence_hold where org = ${org} and released_at is null) as holds`.execute(tx);
  const { decisions, opens, approvals } = decided.rows[0]!;
  return { decisions, approvals, opens, erased: decisions - opens, ...rows[0]! };
}
