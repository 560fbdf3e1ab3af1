import type { AuthorizationState, AuthorizationType, Tier } from "@mandate/model";
import { newId } from "@mandate/model";
import type { TierReason } from "@mandate/frameworks";
import { sql } from "kysely";
import type { CommandContext } from "../command.ts";
import type { Tx } from "../database/index.ts";
import { earlier, noEffect, openEffects } from "../reassessment/index.ts";
import type { OpenEffect } from "../reassessment/index.ts";
import type { Version, VersionManifest } from "./version.ts";

export interface Caps {
  readonly calls: number;
  readonly tokens: number;
  /** Decimal string. */
  readonly euros: string;
  readonly people: number;
}

/** What an approver agrees to beside the version: the end (null: the tier's days from the grant) and, in a pilot, caps. */
export interface Terms {
  readonly ends: string | null;
  readonly caps: Caps | null;
}

export interface Approver {
  readonly person: string;
  readonly email: string | null;
  readonly role: string;
  readonly at: string;
  readonly reason: string;
}

export interface Authorization {
  readonly id: string;
  readonly system: string;
  readonly number: number;
  readonly type: AuthorizationType;
  readonly state: AuthorizationState;
  readonly versionDigest: string;
  readonly tier: Tier;
  readonly terms: Terms;
  readonly conditions: readonly unknown[];
  readonly starts: Date | null;
  readonly ends: Date | null;
  readonly extensions: number;
  readonly requester: string;
  readonly requesterEmail: string | null;
  readonly approvers: readonly Approver[];
  /** Seats that still have to say yes. */
  readonly needs: readonly string[];
  readonly approvalId: string | null;
  /** Unanswered by then, an open request is refused. */
  readonly answerBy: Date | null;
  readonly reason: string | null;
  readonly createdAt: Date;
}

export const inForceStates: readonly AuthorizationState[] = ["granted", "granted_with_conditions", "reassessment_required"];
export const openStates: readonly AuthorizationState[] = ["draft", "submitted", "in_review", "changes_requested"];

/** What `authorizations` holds of one. */
export const authorizationColumns = sql`id, system, number, type, state, version_digest as "versionDigest", tier, terms, conditions, starts, ends, extensions, requester,
  requester_email as "requesterEmail", approvers, needs, approval_id as "approvalId", answer_by as "answerBy", reason, created_at as "createdAt"`;

export async function readAuthorization(tx: Tx, org: string, id: string): Promise<Authorization | undefined> {
  const { rows } = await sql<Authorization>`select ${authorizationColumns} from authorizations where org = ${org} and id = ${id}`.execute(tx);
  return rows[0];
}

/** Newest first. */
export async function authorizationsOf(tx: Tx, org: string, system: string): Promise<Authorization[]> {
  const { rows } = await sql<Authorization>`select ${authorizationColumns} from authorizations where org = ${org} and system = ${system} order by number desc`.execute(tx);
  return rows;
}

/** Each system's authorizations that are in force or open, newest first. */
export async function currentAuthorizations(tx: Tx, org: string): Promise<Map<string, Authorization[]>> {
  const { rows } = await sql<Authorization>`select ${authorizationColumns} from authorizations where org = ${org} and state = any(${[...inForceStates, ...openStates]}) order by system, number desc`.execute(tx);
  return Map.groupBy(rows, (row) => row.system);
}

/** Every one that still says something about its system, newest first. */
export async function standingAuthorizations(tx: Tx, org: string): Promise<Map<string, Authorization[]>> {
  const { rows } = await sql<Authorization>`select ${authorizationColumns} from authorizations where org = ${org} and state <> 'superseded' order by system, number desc`.execute(tx);
  return Map.groupBy(rows, (row) => row.system);
}

/** By id, newest first (ids sort by time). */
export async function everyAuthorization(tx: Tx, org: string): Promise<Authorization[]> {
  const { rows } = await sql<Authorization>`select ${authorizationColumns} from authorizations where org = ${org} order by id desc`.execute(tx);
  return rows;
}

export function inForce(authorizations: readonly Authorization[]): Authorization | undefined {
  return authorizations.find((one) => inForceStates.includes(one.state));
}

export function openRequest(authorizations: readonly Authorization[], type: AuthorizationType): Authorization | undefined {
  return authorizations.find((one) => one.type === type && openStates.includes(one.state));
}

export type NewAuthorization = Pick<Authorization, "system" | "type" | "state" | "versionDigest" | "tier" | "terms" | "starts" | "ends"> &
  Partial<Pick<Authorization, "approvers" | "extensions" | "reason" | "conditions">>;

export async function insertAuthorization(tx: Tx, ctx: CommandContext<Tx>, one: NewAuthorization): Promise<Authorization> {
  const id = newId("authorization", ctx.now(), ctx.random);
  const now = new Date(ctx.now());
  await sql`insert into authorizations (org, id, system, number, type, state, version_digest, tier, terms, conditions, starts, ends, extensions, requester, requester_email, approvers, reason, created_at)
    values (${ctx.org}, ${id}, ${one.system}, (select coalesce(max(number), 0) + 1 from authorizations where org = ${ctx.org} and system = ${one.system}), ${one.type}, ${one.state},
      ${one.versionDigest}, ${one.tier}, ${JSON.stringify(one.terms)}, ${JSON.stringify(one.conditions ?? [])}, ${one.starts}, ${one.ends}, ${one.extensions ?? 0}, ${ctx.actor.id}, ${ctx.actor.email},
      ${JSON.stringify(one.approvers ?? [])}, ${one.reason ?? null}, ${now})`.execute(tx);
  await note(tx, ctx, id, one.state, one.reason ?? null, null, one.ends);
  return (await readAuthorization(tx, ctx.org, id))!;
}

export type AuthorizationPatch = Partial<Pick<Authorization, "state" | "terms" | "conditions" | "starts" | "ends" | "extensions" | "approvers" | "needs" | "approvalId" | "answerBy" | "requester" | "requesterEmail" | "versionDigest" | "tier">>;

/** Changes one authorization and adds the step to its history. */
export async function updateAuthorization(tx: Tx, ctx: CommandContext<Tx>, one: Authorization, patch: AuthorizationPatch, step: { reason: string | null; role?: string }): Promise<Authorization> {
  const next = { ...one, ...patch };
  await sql`update authorizations set state = ${next.state}, terms = ${JSON.stringify(next.terms)}, conditions = ${JSON.stringify(next.conditions)}, starts = ${next.starts}, ends = ${next.ends},
      extensions = ${next.extensions}, approvers = ${JSON.stringify(next.approvers)}, needs = ${[...next.needs]}, approval_id = ${next.approvalId}, answer_by = ${next.answerBy}, requester = ${next.requester}, requester_email = ${next.requesterEmail},
      version_digest = ${next.versionDigest}, tier = ${next.tier}, decided_at = ${new Date(ctx.now())}
    where org = ${ctx.org} and id = ${one.id}`.execute(tx);
  await note(tx, ctx, one.id, next.state, step.reason, step.role ?? null, next.ends);
  return next;
}

async function note(tx: Tx, ctx: CommandContext<Tx>, id: string, state: string, reason: string | null, role: string | null, ends: Date | null): Promise<void> {
  await sql`insert into authorization_history (org, authorization_id, seq, state, actor, actor_email, role, reason, ends, at)
    values (${ctx.org}, ${id}, (select coalesce(max(seq), 0) + 1 from authorization_history where org = ${ctx.org} and authorization_id = ${id}), ${state}, ${ctx.actor.id}, ${ctx.actor.email}, ${role}, ${reason}, ${ends}, ${new Date(ctx.now())})`.execute(tx);
}

export interface SystemState {
  readonly system: string;
  readonly halt: "suspended" | "retired" | null;
  readonly haltReason: string | null;
  readonly tier: Tier;
  readonly tierReasons: readonly TierReason[];
  readonly unanswered: readonly string[];
  readonly digest: string;
  readonly differences: readonly string[];
  readonly reassessmentDue: Date | null;
  /** End of a lowered tier; past it `tierAfter` holds, without any job. */
  readonly tierUntil: Date | null;
  readonly tierAfter: Tier | null;
  /** What undecided reassessments do to the next call. Read with the state, written elsewhere. */
  readonly open: OpenEffect;
  /** The kill switch stopped everything. Read with the state, written elsewhere. */
  readonly stoppedAll: boolean;
  /** Seats whose owner left or is away, and nobody followed yet. Read with the state, written elsewhere. */
  readonly vacancies: readonly Vacancy[];
}

export interface Vacancy {
  readonly seat: "business" | "technical";
  readonly email: string;
  readonly why: "left" | "away";
  /** RFC 3339. */
  readonly since: string;
  readonly backAt: string | null;
  readonly successor: string | null;
  /** The successor's question. */
  readonly approval: string | null;
}

/** A halt of its own, or everything's. */
export function haltOf(state: Pick<SystemState, "halt" | "stoppedAll">): "suspended" | "retired" | null {
  return state.halt ?? (state.stoppedAll ? "suspended" : null);
}

/** When the first vacant seat suspends the system, epoch seconds; null while none will. An absence that ends before then never does. */
export function ownerVacantDue(vacancies: readonly Vacancy[], graceDays: number): number | null {
  const dues = vacancies.flatMap(({ since, backAt }) => {
    const due = Date.parse(since) + graceDays * 86_400_000;
    return backAt !== null && Date.parse(backAt) <= due ? [] : [Math.floor(due / 1000)];
  });
  return dues.length === 0 ? null : Math.min(...dues);
}

/** INVARIANT (G5): a lowering ends by the clock, wherever a tier is read. */
export function tierAt(state: SystemState, nowMs: number): Tier {
  return state.tierUntil !== null && state.tierUntil.getTime() <= nowMs ? (state.tierAfter ?? "T3") : state.tier;
}

/** What `system_states` holds of one. */
export const stateColumns = sql`system, halt, halt_reason as "haltReason", tier, tier_reasons as "tierReasons", unanswered, digest, differences, reassessment_due as "reassessmentDue", tier_until as "tierUntil", tier_after as "tierAfter"`;
export type StateRow = Omit<SystemState, "open" | "stoppedAll" | "vacancies">;

/** Seats that are vacant, by system. */
export async function openVacancies(tx: Tx, org: string): Promise<Map<string, Vacancy[]>> {
  const { rows } = await sql<{ system: string; vacancies: Vacancy[] }>`select system, jsonb_agg(jsonb_build_object('seat', v.seat, 'email', v.email, 'why', v.why, 'since', v.since, 'backAt', v.back_at, 'successor', v.successor, 'approval', v.approval_id) order by v.seat) as vacancies
    from owner_vacancies v where org = ${org} and ended_at is null group by system`.execute(tx);
  return new Map(rows.map((row) => [row.system, row.vacancies]));
}

export async function isEverythingStopped(tx: Tx, org: string): Promise<boolean> {
  const { rows } = await sql`select 1 from stops where org = ${org} and scope = 'all' and ended_at is null limit 1`.execute(tx);
  return rows.length > 0;
}

/** @param only one system's name; absent: every system's */
export async function systemStates(tx: Tx, org: string, only?: string): Promise<Map<string, SystemState>> {
  const { rows } = await sql<Omit<SystemState, "open">>`select system, halt, halt_reason as "haltReason", tier, tier_reasons as "tierReasons", unanswered, digest, differences, reassessment_due as "reassessmentDue", tier_until as "tierUntil", tier_after as "tierAfter",
      exists (select 1 from stops k where k.org = s.org and k.scope = 'all' and k.ended_at is null) as "stoppedAll",
      coalesce((select jsonb_agg(jsonb_build_object('seat', v.seat, 'email', v.email, 'why', v.why, 'since', v.since, 'backAt', v.back_at, 'successor', v.successor, 'approval', v.approval_id) order by v.seat)
        from owner_vacancies v where v.org = s.org and v.system = s.system and v.ended_at is null), '[]'::jsonb) as vacancies
    from system_states s where org = ${org} and (${only ?? null}::text is null or system = ${only ?? null})`.execute(tx);
  const effects = await openEffects(tx, org);
  return new Map(rows.map((row) => [row.system, { ...row, open: effects.get(row.system) ?? noEffect }]));
}

export async function systemState(tx: Tx, org: string, system: string): Promise<SystemState | undefined> {
  return (await systemStates(tx, org, system)).get(system);
}

/** What is denied alone: what the version adds, and what undecided cases name. */
export function differencesOf(state: SystemState): readonly string[] {
  return state.open.differences.length === 0 ? state.differences : [...new Set([...state.differences, ...state.open.differences])].toSorted();
}

/** When calls are refused if nobody decides; the version's or a case's, whichever comes first. */
export function reassessmentDueOf(state: SystemState): Date | null {
  return earlier(state.reassessmentDue, state.open.due);
}

/** A class C change stops at once, whether or not the authorization's row says so yet. */
export function stateOf(authorization: Authorization, state: SystemState): AuthorizationState {
  return state.open.stopped && inForceStates.includes(authorization.state) ? "reassessment_required" : authorization.state;
}

export async function writeSystemState(tx: Tx, org: string, state: SystemState): Promise<void> {
  await sql`insert into system_states (org, system, halt, halt_reason, tier, tier_reasons, unanswered, digest, differences, reassessment_due, tier_until, tier_after)
    values (${org}, ${state.system}, ${state.halt}, ${state.haltReason}, ${state.tier}, ${JSON.stringify(state.tierReasons)}, ${[...state.unanswered]}, ${state.digest}, ${[...state.differences]}, ${state.reassessmentDue}, ${state.tierUntil}, ${state.tierAfter})
    on conflict (org, system) do update set halt = excluded.halt, halt_reason = excluded.halt_reason, tier = excluded.tier, tier_reasons = excluded.tier_reasons, unanswered = excluded.unanswered,
      digest = excluded.digest, differences = excluded.differences, reassessment_due = excluded.reassessment_due, tier_until = excluded.tier_until, tier_after = excluded.tier_after`.execute(tx);
}

/** Written once for each digest; the same content later is the same version. */
export async function keepVersion(tx: Tx, org: string, version: Version, now: Date): Promise<void> {
  const { system } = version.manifest;
  await sql`insert into system_versions (org, system, digest, number, manifest, created_at)
    values (${org}, ${system}, ${version.digest}, (select coalesce(max(number), 0) + 1 from system_versions where org = ${org} and system = ${system}), ${JSON.stringify(version.manifest)}, ${now})
    on conflict (org, system, digest) do nothing`.execute(tx);
}

/** Manifests by `system digest`, of the authorizations given. */
export async function versionManifests(tx: Tx, org: string, authorizations: readonly Authorization[]): Promise<Map<string, VersionManifest>> {
  if (authorizations.length === 0) return new Map();
  const { rows } = await sql<{ system: string; digest: string; manifest: VersionManifest }>`select system, digest, manifest from system_versions
    where org = ${org} and digest = any(${authorizations.map((one) => one.versionDigest)})`.execute(tx);
  return new Map(rows.map((row) => [`${row.system} ${row.digest}`, row.manifest]));
}
