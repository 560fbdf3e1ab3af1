import { sql } from "kysely";
import { findingStateNow } from "../../findings/index.ts";
import type { Measure } from "../measure.ts";
import { before, plantDecision } from "../plant.ts";
import { callsOfPeople } from "./calls.ts";

export const inventory: readonly Measure[] = [
  {
    control: "INV-01", kind: "gate", grade: "enforced", unit: "systems", asks: "Each system that isn't retired: purpose and data boundary are written down",
    plant: (facts) => ({ ...facts, system: { ...facts.system, spec: { ...facts.system.spec, purposes: [] } } }),
  },
  {
    control: "INV-02", kind: "query", grade: "enforced", unit: "calls", asks: "Calls of the window; a fault where one was allowed and belongs to no registered system",
    select: ({ org, since }) => sql`select d.id as subject, d.system, case when d.system is null then 'It was allowed for no system.' end as fault from decision d where ${callsOfPeople(org, since)} and d.outcome = 'allow' and d.action in ('model.call', 'tool.call', 'data.export', 'deploy')`,
    plant: (planting) => plantDecision(planting, { system: null }),
  },
  {
    control: "INV-03", kind: "query", grade: "observed", unit: "reports of use outside the record", asks: "What applications' own telemetry reported of use past the gateway or beyond what was granted, seen in the window; a fault where nobody dealt with it by its due date. Use that nothing reports is not in it",
    select: ({ org, since, now }) => sql`select id as subject, system, case when ${findingStateNow(now)} = 'open' and due_at < ${now} then 'Nobody dealt with it by ' || to_char(due_at, 'YYYY-MM-DD') || '.' end as fault
      from findings where org = ${org} and kind in ('telemetry.past_gateway', 'telemetry.not_granted') and last_seen_at >= ${since}`,
    plant: ({ tx, org, now, system }) => sql`insert into findings (org, id, key, system, kind, title, detail, state, opened_at, due_at, last_seen_at) values (${org}, 'fnd_planted', 'planted', ${system}, 'telemetry.past_gateway', 'Planted', 'planted', 'open', ${before(now, 9)}, ${before(now, 1)}, ${now})`.execute(tx),
  },
  {
    control: "INV-04", kind: "query", grade: "observed", unit: "things used", asks: "Models, tools and destinations that calls were allowed for; a fault where no version of the system holds it",
    select: ({ org }) => sql`select u.system || ' ' || u.resource as subject, u.system, case when not exists (select from system_versions v, jsonb_each(v.manifest -> 'grants') as k(kind, list), jsonb_array_elements_text(k.list) as g(name)
        where v.org = ${org} and v.system = u.system and jsonb_typeof(k.list) = 'array' and rtrim(k.kind, 's') || ':' || g.name = u.resource) then u.resource || ' was used and never declared.' end as fault
      from observed_uses u where u.org = ${org} and u.allowed > 0 and u.system not like 'probe:%' and split_part(u.resource, ':', 1) in ('model', 'tool', 'destination')`,
    plant: ({ tx, org, now, system }) => sql`insert into observed_uses (org, system, action, resource, allowed, approved, last_at) values (${org}, ${system}, 'tool.call', 'tool:planted', 1, 0, ${now})`.execute(tx),
  },
  {
    control: "INV-05", kind: "gate", grade: "observed", unit: "systems", asks: "Each system that isn't retired: every model it uses has a supplier",
    plant: (facts) => ({ ...facts, grants: { ...facts.grants, models: ["planted"] } }),
  },
  {
    control: "INV-06", kind: "query", grade: "enforced", unit: "retired systems", asks: "Retired systems; a fault where one holds a live credential, or a call was allowed later than a second after it was retired",
    select: ({ org, now }) => sql`select s.system as subject, s.system, case when exists (select from credentials c where c.org = ${org} and c.system = s.system and c.state <> 'revoked' and c.not_after > ${now}) then 'It holds a live credential.'
        when exists (select from decision d where d.org = ${org} and d.system = s.system and d.outcome = 'allow' and d.at > s.halted_at + interval '1 second') then 'A call was allowed after it was retired.' end as fault
      from system_states s where s.org = ${org} and s.halt = 'retired'`,
    plant: async (planting) => {
      await sql`update system_states set halt = 'retired', halted_at = ${new Date(planting.now.getTime() - 5000)} where org = ${planting.org} and system = ${planting.system}`.execute(planting.tx);
      await plantDecision(planting);
    },
  },
];
