import { sql } from "kysely";
import type { Tx } from "../database/index.ts";
import { packAnswer, scopeWords } from "../evidence/index.ts";
import type { PackScope, SectionAnswers } from "../evidence/index.ts";

/** Tiers, authorizations and stops as the authorization slice keeps them. */
export async function authorizationAnswers(tx: Tx, org: string, scope: PackScope): Promise<SectionAnswers> {
  const only = scope.systems.length === 0 ? sql`` : sql`and system = any(${[...scope.systems]}::text[])`;
  const states = await sql<StateRow>`select s.system, s.halt, s.halt_reason as "haltReason", s.halted_by as "haltedBy", s.halted_at as "haltedAt",
      s.differences, s.reassessment_due as "reassessmentDue"
    from system_states s where s.org = ${org} ${scope.systems.length === 0 ? sql`` : sql`and s.system = any(${[...scope.systems]}::text[])`} order by s.system`.execute(tx);
  const authorizations = await sql<AuthorizationRow>`select id, system, number, type, state, version_digest as "versionDigest", tier, terms, conditions, starts, ends, extensions,
      coalesce(requester_email, requester) as requester, approvers, approval_id as approval, reason, created_at as "createdAt", decided_at as "decidedAt",
      (select coalesce(jsonb_agg(jsonb_build_object('state', h.state, 'actor', coalesce(h.actor_email, h.actor), 'role', h.role, 'reason', h.reason, 'ends', h.ends, 'at', h.at) order by h.seq), '[]'::jsonb)
        from authorization_history h where h.org = a.org and h.authorization_id = a.id) as history
    from authorizations a where org = ${org} ${only} and created_at < coalesce(${scope.until}::timestamptz, 'infinity') order by system, number`.execute(tx);
  const tiers = await sql<TierRow>`select distinct on (system) system, tier, inputs, reasons, unanswered, version_digest as "versionDigest", coalesce(author_email, author) as by, at
    from tier_determinations where org = ${org} ${only} and at < coalesce(${scope.until}::timestamptz, 'infinity') order by system, at desc, seq desc`.execute(tx);
  const drills = await sql<DrillRow>`select system, stopped_at as "stoppedAt", resumed_at as "resumedAt", resumed_by as "resumedBy", reason from stop_drills
    where org = ${org} ${only} and resumed_at >= coalesce(${scope.since}::timestamptz, '-infinity') and resumed_at < coalesce(${scope.until}::timestamptz, 'infinity') order by resumed_at, system`.execute(tx);
  const evaluations = await sql<EvaluationRow>`select e.system, e.name, e.version, e.metric, e.threshold, e.score, e.measured, e.at as "recordedAt", e.by from (
      select substr(spec ->> 'system', 8) as system, name, version, action, spec ->> 'metric' as metric, spec -> 'threshold' as threshold, spec -> 'score' as score, spec ->> 'measured' as measured, recorded_at as at, coalesce(author_email, author) as by
      from register_history where org = ${org} and kind = 'Evaluation' and recorded_at < coalesce(${scope.until}::timestamptz, 'infinity')) e
    where e.action <> 'remove' and e.score is not null ${only} order by e.system, e.name, e.version`.execute(tx);
  return authorizationSections({ states: states.rows, authorizations: authorizations.rows, tiers: tiers.rows, drills: drills.rows, evaluations: Map.groupBy(evaluations.rows, (row) => row.system) }, scopeWords(scope));
}

export interface StateRow {
  readonly system: string;
  readonly halt: string | null;
  readonly haltReason: string | null;
  readonly haltedBy: string | null;
  readonly haltedAt: Date | null;
  readonly differences: readonly string[];
  readonly reassessmentDue: Date | null;
}

/** The newest determination before the end of the period. */
export interface TierRow {
  readonly system: string;
  readonly tier: string;
  readonly inputs: unknown;
  readonly reasons: unknown;
  readonly unanswered: readonly string[];
  readonly versionDigest: string;
  readonly by: string;
  readonly at: Date;
}

/** A stop and its end. */
export interface DrillRow {
  readonly system: string;
  readonly stoppedAt: Date;
  readonly resumedAt: Date;
  readonly resumedBy: string;
  readonly reason: string;
}

/** A measure of how a system behaves, with a score as it was recorded; older scores are rows of their own. */
export interface EvaluationRow {
  readonly system: string;
  readonly name: string;
  readonly version: number;
  readonly metric: string;
  readonly threshold: unknown;
  readonly score: unknown;
  readonly measured: string | null;
  readonly recordedAt: Date;
  readonly by: string;
}

export interface AuthorizationRow {
  readonly system: string;
  readonly type: string;
  readonly state: string;
  readonly [column: string]: unknown;
}

export interface AuthorizationFacts {
  readonly states: readonly StateRow[];
  readonly authorizations: readonly AuthorizationRow[];
  readonly tiers: readonly TierRow[];
  readonly drills: readonly DrillRow[];
  /** By system. */
  readonly evaluations: ReadonlyMap<string, readonly EvaluationRow[]>;
}

export function authorizationSections({ states, authorizations, tiers, drills, evaluations }: AuthorizationFacts, words: string): SectionAnswers {
  const releases = authorizations.filter((row) => row.type === "production");
  const now = "state at the moment of creation";
  const unanswered = tiers.filter((row) => row.unanswered.length > 0).map((row) => `${row.system}: unanswered ${row.unanswered.join(", ")}.`);
  return {
    E04: {
      "tier record with inputs rule and reason": packAnswer({ source: "tier_determinations (append-only)", query: `tier of each system at the end of the period, with the inputs and the rules that gave it; ${words}`, gaps: unanswered, rows: tiers }),
      "prohibited-practice screening": { ...packAnswer({ source: "tier_determinations (append-only)", query: `systems whose answers match a practice of Article 5 (tier X) at the end of the period; ${words}`, gaps: unanswered, rows: tiers.filter((row) => row.tier === "X").map(({ system, reasons }) => ({ system, reasons })) }), population: tiers.length },
    },
    E07: {
      "every production version with gate evidence and test results": packAnswer({ source: "authorizations, authorization_history, register_history (append-only)", query: `production authorizations with version, approvers and every state they passed, and beside each the evaluations of its system with every score on record; asked for before the end of the period; ${words}`, gaps: [...new Set(releases.filter((row) => (evaluations.get(row.system) ?? []).length === 0).map((row) => `${row.system}: test results are not recorded: owner technical owner.`))], rows: releases.map((row) => ({ ...row, evaluations: evaluations.get(row.system) ?? [] })) }),
      "pilots with end dates": packAnswer({ source: "authorizations, authorization_history (append-only)", query: `pilot authorizations with version, approvers, extensions and end; asked for before the end of the period; ${words}`, rows: authorizations.filter((row) => row.type === "pilot") }),
      "reassessments and their triggers": { differing: packAnswer({ source: "system_states", query: `systems that differ from the version authorized; ${now}`, rows: states.filter((row) => row.differences.length > 0).map(({ system, differences, reassessmentDue }) => ({ system, differences, due: reassessmentDue })) }) },
    },
    E08: {
      "stop drills": {
        ...packAnswer({ source: "stop_drills, system_states", query: `stops of systems that ended in the period: since when, until when, by whom, why; ${words}; beside them what is suspended or retired, ${now}`, gaps: drills.length === 0 ? ["No system was stopped and resumed in the period."] : [], rows: drills }),
        inForce: states.filter((row) => row.halt !== null).map(({ system, halt, haltReason, haltedBy, haltedAt }) => ({ system, halt, reason: haltReason, by: haltedBy, at: haltedAt })),
      },
    },
  };
}
