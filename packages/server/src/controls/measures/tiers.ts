import { sql } from "kysely";
import type { Measure } from "../measure.ts";
import { plantDecision } from "../plant.ts";

export const tiers: readonly Measure[] = [
  {
    control: "TIER-01", kind: "gate", grade: "enforced", unit: "systems", asks: "Each system that isn't retired: its tier follows from recorded answers, none of them missing",
    plant: (facts) => ({ ...facts, unanswered: ["annex3"] }),
  },
  {
    control: "TIER-02", kind: "query", grade: "enforced", unit: "systems", asks: "Every system; a fault where one of tier X had a call allowed in the window",
    select: ({ org, since }) => sql`select s.system as subject, s.system, case when s.tier = 'X' and exists (select from decision d where d.org = ${org} and d.system = s.system and d.outcome = 'allow' and d.at >= greatest(${since}::timestamptz,
        (select min(t.at) from tier_determinations t where t.org = ${org} and t.system = s.system and t.tier = 'X'))) then 'Its use is prohibited, and a call was allowed.' end as fault from system_states s where s.org = ${org}`,
    plant: async (planting) => {
      await sql`update system_states set tier = 'X' where org = ${planting.org} and system = ${planting.system}`.execute(planting.tx);
      await plantDecision(planting);
    },
  },
  {
    control: "TIER-03", kind: "query", grade: "enforced", unit: "lowered tiers", asks: "Tiers lowered by a decision; a fault where no second person approved it, or it has no end",
    select: ({ org }) => sql`select o.id as subject, o.system, case when o.approver is null or o.approver = o.requester then 'No second person approved it.' when o.ends is null then 'It has no end.' end as fault from tier_overrides o where o.org = ${org} and o.direction = 'down' and o.starts is not null`,
    plant: ({ tx, org, now, system }) => sql`insert into tier_overrides (org, id, system, direction, tier, reason, covers, requester, starts, ends, created_at) values (${org}, 'ovr_planted', ${system}, 'down', 'T0', 'planted', '{}', 'planted', ${now}, ${new Date(now.getTime() + 1000)}, ${now})`.execute(tx),
  },
  {
    control: "TIER-04", kind: "query", grade: "observed", unit: "contradictions", asks: "Systems whose newest determination holds an answer that traffic contradicts; a fault where no finding says so",
    select: ({ org }) => sql`select t.system as subject, t.system, case when not exists (select from findings f where f.org = ${org} and f.system = t.system and f.kind = 'tier.contradiction') then 'Traffic contradicts an answer, and no finding says so.' end as fault
      from (select distinct on (system) system, contradictions from tier_determinations where org = ${org} order by system, seq desc) t where jsonb_array_length(t.contradictions) > 0`,
    plant: ({ tx, org, now, system }) => sql`insert into tier_determinations (org, system, seq, at, author, tier, reasons, flags, unanswered, inputs, contradictions, version_digest, digest)
      values (${org}, ${system}, 1, ${now}, 'planted', 'T3', '[]', '[]', '{}', '{}', '[{"input":"audience"}]', repeat('0', 64), repeat('0', 64))`.execute(tx),
  },
];
