import { gateItems, tierFlags } from "@mandate/frameworks";
import type { Tier } from "@mandate/model";
import { sql } from "kysely";
import type { ServerContext } from "../context/index.ts";
import type { Tx } from "../database/index.ts";
import { earliestId } from "../evidence/index.ts";
import type { Job } from "../jobs/index.ts";
import { lockRegister } from "../registry/index.ts";
import { openReassessment } from "./open.ts";
import type { DependentPorts } from "./vendor-events.ts";

const dayMs = 86_400_000;
const spikeFactor = 10;
const spikeFloor = 1000;
/** Fewer days with calls say nothing about what is usual. */
const daysNeeded = 3;

/** Pure: more than ten times the median of the days with calls among the last seven, and more than a thousand. */
export function isSpike(today: number, before: readonly number[]): boolean {
  const days = before.filter((calls) => calls > 0).toSorted((a, b) => a - b);
  if (days.length < daysNeeded || today <= spikeFloor) return false;
  const middle = Math.floor(days.length / 2);
  const median = days.length % 2 === 1 ? days[middle]! : (days[middle - 1]! + days[middle]!) / 2;
  return today > spikeFactor * median;
}

export interface Spike {
  readonly system: string;
  readonly today: number;
  readonly before: readonly number[];
}

/** Calls of each system in the last 24 hours against the seven days before. */
export async function spikesNow(tx: Tx, org: string, nowMs: number): Promise<Spike[]> {
  const { rows } = await sql<{ system: string; day: number; calls: number }>`select system, floor(extract(epoch from ${new Date(nowMs)}::timestamptz - at) / 86400)::int as day, count(*)::int as calls
    from decision where org = ${org} and system is not null and system not like 'probe:%' and id >= ${earliestId(new Date(nowMs - 8 * dayMs))} and at > ${new Date(nowMs - 8 * dayMs)} and at <= ${new Date(nowMs)} group by 1, 2`.execute(tx);
  return [...Map.groupBy(rows, (row) => row.system)].flatMap(([system, days]) => {
    const callsOn = (day: number): number => days.find((one) => one.day === day)?.calls ?? 0;
    const [today, before] = [callsOn(0), [1, 2, 3, 4, 5, 6, 7].map(callsOn)];
    return isSpike(today, before) ? [{ system, today, before }] : [];
  });
}

interface Ended {
  readonly trigger: "exception-ended" | "condition-unmet";
  readonly key: string;
  readonly system: string;
  readonly title: string;
  readonly detail: string;
}

/**
 * Waivers of gates that ended under an authorization granted on them, and conditions unmet on their day whose
 * consequence is reassessment. A rule that binds again needs nobody; other consequences act by themselves at the call.
 */
async function endedNow(tx: Tx, org: string, nowMs: number): Promise<Ended[]> {
  const now = new Date(nowMs);
  const waivers = await sql<{ id: string; system: string; target: string; scope: string; tier: Tier }>`select e.id, e.system, e.target, e.scope, e.tier from exceptions e
    where e.org = ${org} and e.scope in ('gate', 'control') and e.granted_at is not null and (e.ends_at <= ${now} or e.ended_at is not null)
      and exists (select 1 from authorizations a where a.org = e.org and a.system = e.system and a.type = 'production' and a.state in ('granted', 'granted_with_conditions')
        and a.ends > ${now} and a.starts >= e.granted_at and a.starts <= coalesce(e.ended_at, e.ends_at))`.execute(tx);
  const unmet = await sql<{ id: string; system: string; position: number; shown: string }>`select a.id, a.system, c.position, c.shown from authorizations a
    join condition_checks c on c.org = a.org and c.authorization_id = a.id
    where a.org = ${org} and a.state = 'granted_with_conditions' and a.ends > ${now} and not c.met
      and a.conditions -> c.position ->> 'consequence' = 'reassess' and (a.conditions -> c.position ->> 'due')::timestamptz <= ${now}`.execute(tx);
  return [
    ...waivers.rows.filter(waivedGate).map(({ id, system, target }) => ({ trigger: "exception-ended" as const, key: `exception:${id}`, system, title: `The exception of ${system} from gate ${target} has ended`, detail: id })),
    ...unmet.rows.map(({ id, system, position, shown }) => ({ trigger: "condition-unmet" as const, key: `condition:${id}:${position}`, system, title: `A condition of ${system}'s authorization isn't met`, detail: shown })),
  ];
}

const allFlags = tierFlags.map(({ id, adds }) => ({ flag: id, adds }));

/** An exception from a control that no gate asks for was relied on by no grant. */
function waivedGate({ scope, target, tier }: { readonly scope: string; readonly target: string; readonly tier: Tier }): boolean {
  return scope === "gate" || gateItems(tier, "production", allFlags).some((item) => item.id === target);
}

export interface WatchPorts extends Pick<DependentPorts, "reconcile"> {
  /** Outcome reviews below their threshold, as the records say. */
  readonly reviewsBelow: (tx: Tx, org: string, nowMs: number) => Promise<readonly { readonly key: string; readonly system: string; readonly title: string; readonly detail: string }[]>;
  readonly ownersOf: (tx: Tx, org: string, system: string) => Promise<readonly string[] | null>;
}

/**
 * Re-opens by measure. What has an end is compared with the clock at the call and needs no job; a spike and a review are
 * findings about the past, so looking each minute is early enough.
 */
export function watchMeasures(ctx: ServerContext, ports: WatchPorts): Job {
  return {
    name: "reassess by measure",
    everyMs: 60_000,
    async run() {
      const { ended, spikes, reviews } = await ctx.read(async (tx) => ({ ended: await endedNow(tx, ctx.org, ctx.now()), spikes: await spikesNow(tx, ctx.org, ctx.now()), reviews: await ports.reviewsBelow(tx, ctx.org, ctx.now()) }));
      const day = new Date(ctx.now()).toISOString().slice(0, 10);
      const changes = [
        ...ended.map(({ detail, ...one }) => ({ ...one, old: null, new: detail })),
        ...spikes.map((one) => ({ trigger: "spike" as const, system: one.system, key: `spike:${one.system}:${day}`, title: `${one.system} had ${one.today} calls in 24 hours`, old: one.before, new: one.today })),
        ...reviews.map((one) => ({ trigger: "outcome-review" as const, system: one.system, key: `review:${one.key}:${one.detail}`.slice(0, 400), title: one.title, old: null, new: one.detail })),
      ];
      for (const change of changes) {
        if (await ctx.read((tx) => everOpened(tx, ctx.org, change.key))) continue;
        await ctx.transact(async (tx, record) => {
          await lockRegister(tx, ctx.org, new Date(ctx.now()));
          const owners = await ports.ownersOf(tx, ctx.org, change.system);
          if (owners === null || (await everOpened(tx, ctx.org, change.key))) return;
          await openReassessment(tx, ctx, record, { ...change, subject: `system:${change.system}`, observedBy: "check", heldBy: "case", systems: [{ system: change.system, owners }] });
          await ports.reconcile(tx, ctx, record);
        });
      }
    },
  };
}

/** What was decided once isn't asked again for the same measurement. */
async function everOpened(tx: Tx, org: string, key: string): Promise<boolean> {
  const { rows } = await sql`select 1 from reassessments where org = ${org} and key = ${key} limit 1`.execute(tx);
  return rows.length > 0;
}
