import { sql } from "kysely";
import type { Tx } from "../database/index.ts";
import { packAnswer, scopeWords } from "../evidence/index.ts";
import type { PackScope, SectionAnswers } from "../evidence/index.ts";
import { findingStateNow } from "./findings.ts";

/** Findings with what is overdue counted by the clock, not by a job. */
export async function findingAnswers(tx: Tx, org: string, scope: PackScope, nowMs: number): Promise<SectionAnswers> {
  const { rows } = await sql<Record<string, unknown> & { state: string; due: Date }>`select id, kind, system, title, ${findingStateNow(new Date(nowMs))} as state, owner, opened_at as "openedAt", due_at as due, seen, last_seen_at as "lastSeenAt",
      dismissed_by as "dismissedBy", dismissed_reason as "dismissedReason", dismissed_until as "dismissedUntil"
    from findings where org = ${org} ${scope.systems.length === 0 ? sql`` : sql`and system = any(${[...scope.systems]}::text[])`}
      and opened_at < coalesce(${scope.until}::timestamptz, 'infinity') and last_seen_at >= coalesce(${scope.since}::timestamptz, '-infinity') order by id`.execute(tx);
  const overdue = rows.filter((row) => row.state === "open" && row.due.getTime() < nowMs).length;
  return { E14: { "findings and overdue actions": { ...packAnswer({ source: "findings", query: `findings opened before the end of the period and seen after its start; ${scopeWords(scope)}`, rows }), overdue } } };
}
