import { newId } from "@mandate/model";
import { sql } from "kysely";
import type { Tx } from "../database/index.ts";
import type { Tally } from "../evidence/index.ts";

export interface Calls {
  /** Decisions of the last 24 hours. */
  readonly calls24h: Tally;
  /** RFC 3339; null: never. */
  readonly lastSeen: string | null;
}

const dayMs = 86_400_000;
const maxResources = 5000;
const none: Calls = { calls24h: { allow: 0, hold: 0, deny: 0 }, lastSeen: null };

/**
 * What was decided about each resource (`tool:refunds.issue`), a tool's calls inside a model's answer included. Ids sort by
 * time, so each resource costs one range of an index however many decisions there are. Probes are no use.
 */
export async function callsOf(tx: Tx, org: string, nowMs: number, resources: readonly string[]): Promise<Map<string, Calls>> {
  if (resources.length === 0) return new Map();
  const asked = [...resources].slice(0, maxResources);
  const tools = asked.flatMap((one) => (one.startsWith("tool:") ? [one.slice("tool:".length)] : []));
  const floor = newId("decision", nowMs - dayMs, (bytes) => bytes.fill(0));
  const real = sql`(d.system is null or d.system not like 'probe:%') and (d.credential is null or d.credential not like 'probe:%')`;
  const { rows } = await sql<{ resource: string; allow: number; hold: number; deny: number; last: Date | null }>`
    with counted as (
      select o.resource, sum(o.n) filter (where o.outcome = 'allow') as allow, sum(o.n) filter (where o.outcome = 'hold') as hold, sum(o.n) filter (where o.outcome = 'deny') as deny from (
        select d.resource, d.outcome, count(*) as n from decision d where d.org = ${org} and d.id >= ${floor} and d.resource = any(${asked}) and d.tools is null and ${real} group by 1, 2
        union all
        -- A hold or refusal of a tool call inside an answer is the tool's: its model was allowed.
        select d.resource, case when d.tools @> jsonb_build_array(jsonb_build_object('outcome', d.outcome)) then 'allow' else d.outcome end, count(*) from decision d
          where d.org = ${org} and d.id >= ${floor} and d.resource = any(${asked}) and d.tools is not null and ${real} group by 1, 2
        union all
        select 'tool:' || t.value, one.outcome, count(*) from decision_tag t join decision d on d.org = t.org and d.id = t.id, jsonb_to_recordset(d.tools) as one(tool text, outcome text)
          where t.org = ${org} and t.kind = 'tool' and t.value = any(${tools}) and t.id >= ${floor} and one.tool = t.value and ${real} group by 1, 2
      ) o group by 1)
    select r.resource, coalesce(c.allow, 0)::int as allow, coalesce(c.hold, 0)::int as hold, coalesce(c.deny, 0)::int as deny, greatest(direct.at, inside.at) as last
    from unnest(${asked}::text[]) as r(resource) left join counted c on c.resource = r.resource
    left join lateral (select d.at from decision d where d.org = ${org} and d.resource = r.resource and ${real} order by d.id desc limit 1) direct on true
    left join lateral (select d.at from decision_tag t join decision d on d.org = t.org and d.id = t.id
      where r.resource like 'tool:%' and t.org = ${org} and t.kind = 'tool' and t.value = substr(r.resource, 6) and ${real} order by t.id desc limit 1) inside on true`.execute(tx);
  return new Map(rows.map(({ resource, allow, hold, deny, last }) => [resource, { calls24h: { allow, hold, deny }, lastSeen: last?.toISOString() ?? null }]));
}

/** Of several ways together. */
export function together(ways: readonly string[], calls: ReadonlyMap<string, Calls>): Calls {
  return ways.reduce<Calls>((sum, way) => {
    const one = calls.get(way) ?? none;
    const last = [sum.lastSeen, one.lastSeen].filter((at) => at !== null).toSorted().at(-1) ?? null;
    return { calls24h: { allow: sum.calls24h.allow + one.calls24h.allow, hold: sum.calls24h.hold + one.calls24h.hold, deny: sum.calls24h.deny + one.calls24h.deny }, lastSeen: last };
  }, none);
}
