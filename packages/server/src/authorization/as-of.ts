import type { Tier } from "@mandate/model";
import { tiers } from "@mandate/model";
import type { TierReason } from "@mandate/frameworks";
import { sql } from "kysely";
import type { CommandContext } from "../command.ts";
import type { Tx } from "../database/index.ts";
import { effectsAt, noEffect } from "../reassessment/index.ts";
import { getObject, listObjects } from "../registry/index.ts";
import type { ObjectView, StoredObject } from "../registry/index.ts";
import { authorizationColumns, inForceStates, openStates } from "./store.ts";
import type { Authorization, SystemState, Vacancy } from "./store.ts";
import { systemView } from "./views.ts";
import type { SystemView } from "./views.ts";

export interface AuthorizationStep {
  readonly state: Authorization["state"];
  readonly ends: Date | null;
  readonly at: Date;
}

/**
 * Pure: an authorization as it stood at a moment, by its own append-only steps; undefined before it was asked for.
 * @param steps oldest first
 */
export function authorizationAt(one: Authorization, steps: readonly AuthorizationStep[], at: Date): Authorization | undefined {
  const known = steps.filter((step) => step.at <= at);
  const last = known.at(-1);
  if (last === undefined) return undefined;
  const later = one.approvers.filter((approver) => Date.parse(approver.at) > at.getTime());
  const isHeld = (step: AuthorizationStep): boolean => inForceStates.includes(step.state);
  const granted = known.find(isHeld)?.at;
  const extended = steps.filter((step, index) => step.at > at && isHeld(step) && index > 0 && isHeld(steps[index - 1]!) && Number(step.ends) > Number(steps[index - 1]!.ends)).length;
  return {
    ...one,
    state: last.state,
    ends: last.ends,
    starts: granted === undefined ? null : one.starts !== null && one.starts < granted ? one.starts : granted,
    extensions: Math.max(0, one.extensions - extended),
    conditions: granted === undefined ? [] : one.conditions,
    approvers: one.approvers.filter((approver) => !later.includes(approver)),
    needs: openStates.includes(last.state) ? [...new Set([...one.needs, ...later.map((approver) => approver.role)])] : [],
  };
}

/**
 * A system as it stood: its record, tier, authorization, stops, vacancies and undecided reassessments of that moment, each
 * from what keeps its history. What conditions measured then is kept nowhere, so none of them restricts here.
 */
export async function getSystemAsOf(ctx: CommandContext<Tx>, name: string, at: Date): Promise<SystemView | undefined> {
  const object = await getObject(ctx, "AISystem", name, { asOf: at });
  return object && (await viewsAt(ctx, [object], at))[0];
}

/** By name, systems removed since included. */
export async function listSystemsAsOf(ctx: CommandContext<Tx>, at: Date): Promise<SystemView[]> {
  const objects: ObjectView[] = [];
  for (let cursor: string | undefined; ; ) {
    const read = await listObjects(ctx, "AISystem", { asOf: at, cursor, limit: 1000 });
    objects.push(...read.items);
    if (read.nextCursor === null) break;
    cursor = read.nextCursor;
  }
  return viewsAt(ctx, objects, at);
}

function viewsAt(ctx: CommandContext<Tx>, objects: readonly ObjectView[], at: Date): Promise<SystemView[]> {
  return ctx.read(async (tx) => {
    const names = objects.map((object) => object.name);
    const states = await statesAt(tx, ctx.org, names, at);
    const held = await authorizationsAt(tx, ctx.org, names, at);
    return objects.flatMap((object) => {
      const state = states.get(object.name);
      if (state === undefined) return [];
      const system = { ...object, createdAt: new Date(object.createdAt), updatedAt: new Date(object.updatedAt) } as unknown as StoredObject<"AISystem">;
      return [systemView(system, state, held.get(object.name) ?? [], at.getTime())];
    });
  });
}

async function authorizationsAt(tx: Tx, org: string, names: readonly string[], at: Date): Promise<Map<string, Authorization[]>> {
  const { rows } = await sql<Authorization>`select ${authorizationColumns} from authorizations where org = ${org} and system = any(${[...names]}) and created_at <= ${at} order by system, number desc`.execute(tx);
  const steps = await sql<AuthorizationStep & { id: string }>`select authorization_id as id, state, ends, at from authorization_history
    where org = ${org} and authorization_id = any(${rows.map((row) => row.id)}) order by authorization_id, seq`.execute(tx);
  const stepsOf = Map.groupBy(steps.rows, (step) => step.id);
  return Map.groupBy(rows.flatMap((row) => authorizationAt(row, stepsOf.get(row.id) ?? [], at) ?? []), (row) => row.system);
}

interface StateThen {
  readonly system: string;
  readonly tier: Tier;
  readonly reasons: readonly TierReason[];
  readonly unanswered: readonly string[];
  readonly digest: string | null;
  readonly loweredUntil: Date | null;
  readonly halt: "suspended" | "retired" | null;
  readonly haltReason: string | null;
  readonly wasStopped: boolean;
  readonly stoppedAll: boolean;
  readonly vacancies: readonly Vacancy[];
}

async function statesAt(tx: Tx, org: string, names: readonly string[], at: Date): Promise<Map<string, SystemState>> {
  const { rows } = await sql<StateThen>`select distinct on (d.system) d.system, d.tier, d.reasons, d.unanswered,
      (select v.digest from system_versions v where v.org = d.org and v.system = d.system and v.created_at <= ${at} order by v.number desc limit 1) as digest,
      (select o.ends from tier_overrides o where o.org = d.org and o.id = d.override_id and o.direction = 'down') as "loweredUntil",
      s.halt, s.halt_reason as "haltReason",
      exists (select 1 from stop_drills t where t.org = d.org and t.system = d.system and t.stopped_at <= ${at} and t.resumed_at > ${at}) as "wasStopped",
      exists (select 1 from stops k where k.org = d.org and k.scope = 'all' and k.at <= ${at} and (k.ended_at is null or k.ended_at > ${at})) as "stoppedAll",
      coalesce((select jsonb_agg(jsonb_build_object('seat', v.seat, 'email', v.email, 'why', v.why, 'since', v.since, 'backAt', v.back_at, 'successor', v.successor, 'approval', v.approval_id) order by v.seat)
        from owner_vacancies v where v.org = d.org and v.system = d.system and v.since <= ${at} and (v.ended_at is null or v.ended_at > ${at})), '[]'::jsonb) as vacancies
    from tier_determinations d left join system_states s on s.org = d.org and s.system = d.system and s.halt is not null and coalesce(s.halted_at, '-infinity') <= ${at}
    where d.org = ${org} and d.system = any(${[...names]}) and d.at <= ${at} order by d.system, d.at desc, d.seq desc`.execute(tx);
  const effects = await effectsAt(tx, org, at);
  return new Map(
    rows.map((row) => {
      const open = effects.get(row.system) ?? noEffect;
      const halt = row.halt ?? (row.wasStopped ? ("suspended" as const) : null);
      return [row.system, {
        system: row.system, halt, haltReason: row.haltReason, tier: row.tier, tierReasons: row.reasons, unanswered: row.unanswered, digest: row.digest ?? "", differences: [], reassessmentDue: null,
        tierUntil: row.loweredUntil, tierAfter: row.loweredUntil === null ? null : highest(row.reasons), open, stoppedAll: row.stoppedAll, vacancies: row.vacancies,
      }];
    }),
  );
}

/** What the rules alone gave: a lowering that has ended falls back to it. */
function highest(reasons: readonly TierReason[]): Tier | null {
  return reasons.map((reason) => reason.tier).toSorted((a, b) => tiers.indexOf(b) - tiers.indexOf(a))[0] ?? null;
}
