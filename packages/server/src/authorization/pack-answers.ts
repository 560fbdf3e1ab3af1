import { sql } from "kysely";
import type { Tx } from "../database/index.ts";
import { packAnswer, scopeWords } from "../evidence/index.ts";
import type { PackScope, SectionAnswers } from "../evidence/index.ts";

/** Tiers, authorizations and stops as the authorization slice keeps them. */
export async function authorizationAnswers(tx: Tx, org: string, scope: PackScope): Promise<SectionAnswers> {
  const only = scope.systems.length === 0 ? sql`` : sql`and system = any(${[...scope.systems]}::text[])`;
  const states = await sql<StateRow>`select s.system, s.tier, s.tier_reasons as reasons, s.unanswered, s.halt, s.halt_reason as "haltReason", s.halted_by as "haltedBy", s.halted_at as "haltedAt",
      s.differences, s.reassessment_due as "reassessmentDue", o.spec->'intake' as intake, o.version as "recordVersion"
    from system_states s left join register_objects o on o.org = s.org and o.kind = 'AISystem' and o.name = s.system
    where s.org = ${org} ${scope.systems.length === 0 ? sql`` : sql`and s.system = any(${[...scope.systems]}::text[])`} order by s.system`.execute(tx);
  const authorizations = await sql<AuthorizationRow>`select id, system, number, type, state, version_digest as "versionDigest", tier, terms, conditions, starts, ends, extensions,
      coalesce(requester_email, requester) as requester, approvers, approval_id as approval, reason, created_at as "createdAt", decided_at as "decidedAt",
      (select coalesce(jsonb_agg(jsonb_build_object('state', h.state, 'actor', coalesce(h.actor_email, h.actor), 'role', h.role, 'reason', h.reason, 'ends', h.ends, 'at', h.at) order by h.seq), '[]'::jsonb)
        from authorization_history h where h.org = a.org and h.authorization_id = a.id) as history
    from authorizations a where org = ${org} ${only} and created_at < coalesce(${scope.until}::timestamptz, 'infinity') order by system, number`.execute(tx);
  return authorizationSections(states.rows, authorizations.rows, scopeWords(scope));
}

const asOfNow = "State at the moment of creation; earlier states are entries of the log, not rows here.";

export interface StateRow {
  readonly system: string;
  readonly tier: string;
  readonly reasons: unknown;
  readonly unanswered: readonly string[];
  readonly halt: string | null;
  readonly haltReason: string | null;
  readonly haltedBy: string | null;
  readonly haltedAt: Date | null;
  readonly differences: readonly string[];
  readonly reassessmentDue: Date | null;
  readonly intake: unknown;
  readonly recordVersion: number | null;
}

export interface AuthorizationRow {
  readonly system: string;
  readonly type: string;
  readonly state: string;
  readonly [column: string]: unknown;
}

export function authorizationSections(states: readonly StateRow[], authorizations: readonly AuthorizationRow[], words: string): SectionAnswers {
  const now = "state at the moment of creation";
  const unanswered = states.filter((row) => row.unanswered.length > 0).map((row) => `${row.system}: unanswered ${row.unanswered.join(", ")}.`);
  return {
    E04: {
      "tier record with inputs rule and reason": packAnswer({ source: "system_states, register_objects", query: `tier of each system with its intake answers and the rules that gave it; ${now}`, gaps: [asOfNow, ...unanswered], rows: states.map(({ system, tier, reasons, unanswered: open, intake, recordVersion }) => ({ system, tier, inputs: intake, recordVersion, reasons, unanswered: open })) }),
      "prohibited-practice screening": { ...packAnswer({ source: "system_states", query: `systems whose intake matches a practice of Article 5 (tier X); ${now}`, gaps: [asOfNow, ...unanswered], rows: states.filter((row) => row.tier === "X").map(({ system, reasons }) => ({ system, reasons })) }), population: states.length },
    },
    E07: {
      "every production version with gate evidence and test results": packAnswer({ source: "authorizations, authorization_history (append-only)", query: `production authorizations with version, approvers and every state they passed; asked for before the end of the period; ${words}`, gaps: ["Test results of a release are not kept."], rows: authorizations.filter((row) => row.type === "production") }),
      "pilots with end dates": packAnswer({ source: "authorizations, authorization_history (append-only)", query: `pilot authorizations with version, approvers, extensions and end; asked for before the end of the period; ${words}`, rows: authorizations.filter((row) => row.type === "pilot") }),
      "reassessments and their triggers": packAnswer({ source: "system_states", query: `systems that differ from the version authorized; ${now}`, gaps: [asOfNow], rows: states.filter((row) => row.differences.length > 0).map(({ system, differences, reassessmentDue }) => ({ system, differences, due: reassessmentDue })) }),
    },
    E08: {
      "stop drills": packAnswer({ source: "system_states", query: `systems suspended or retired; ${now}`, gaps: [asOfNow, "No stop drill is recorded as such; these are stops in force. Ended suspensions are entries of the log."], rows: states.filter((row) => row.halt !== null).map(({ system, halt, haltReason, haltedBy, haltedAt }) => ({ system, halt, reason: haltReason, by: haltedBy, at: haltedAt })) }),
    },
  };
}
