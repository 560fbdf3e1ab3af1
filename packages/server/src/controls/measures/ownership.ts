import { tierTerms } from "@mandate/frameworks";
import { sql } from "kysely";
import type { Measure } from "../measure.ts";
import { before, plantDecision, plantObject } from "../plant.ts";

const graceDays = JSON.stringify(Object.fromEntries((["T0", "T1", "T2", "T3"] as const).map((tier) => [tier, tierTerms(tier).ownerVacancyGraceDays])));

export const ownership: readonly Measure[] = [
  {
    control: "OWN-01", kind: "gate", grade: "enforced", unit: "systems", asks: "Each system that isn't retired: both owners' seats are held, by two people who are here",
    plant: (facts) => ({ ...facts, system: { ...facts.system, spec: { ...facts.system.spec, owners: {} } } }),
  },
  {
    control: "OWN-02", kind: "query", grade: "enforced", unit: "vacant seats", asks: "Open vacancies of owners' seats; a fault where a call was allowed after the tier's grace had passed",
    select: ({ org }) => sql`select v.id as subject, v.system, case when exists (select from decision d where d.org = ${org} and d.system = v.system and d.outcome = 'allow'
        and d.at > v.since + make_interval(days => (${graceDays}::jsonb ->> s.tier)::int) + interval '1 second') then 'Its ' || v.seat || ' owner is missing longer than the grace of ' || s.tier || ', and calls were allowed.' end as fault
      from owner_vacancies v join system_states s on s.org = v.org and s.system = v.system where v.org = ${org} and v.ended_at is null`,
    plant: async (planting) => {
      const { tx, org, now, system } = planting;
      await sql`insert into owner_vacancies (org, id, system, seat, email, why, since) values (${org}, 'vac_planted', ${system}, 'business', 'nobody@planted.invalid', 'left', ${before(now, 400)})`.execute(tx);
      await plantDecision(planting);
    },
  },
  {
    control: "OWN-03", kind: "query", grade: "observed", unit: "shared objects", asks: "Prompts, agents and tools that two or more systems use; a fault where no owner is written down",
    select: ({ org }) => sql`select lower(o.kind) || ':' || o.name as subject, null::text as system, case when coalesce(o.spec ->> 'owner', '') = '' then 'It is used by ' || count(distinct u.system) || ' systems and has no owner.' end as fault
      from register_objects o join (select s.name as system, r.ref from register_objects s, jsonb_each(s.spec -> 'uses') as k(kind, list), jsonb_array_elements_text(k.list) as r(ref)
          where s.org = ${org} and s.kind = 'AISystem' and jsonb_typeof(k.list) = 'array') u on u.ref = lower(o.kind) || ':' || o.name
      where o.org = ${org} and o.kind in ('Prompt', 'Agent', 'Tool') group by o.kind, o.name, o.spec having count(distinct u.system) > 1`,
    plant: async (planting) => {
      await plantObject(planting, "Prompt", "planted", { template: "x" });
      for (const name of ["planted-a", "planted-b"]) await plantObject(planting, "AISystem", name, { uses: { prompts: ["prompt:planted"] } });
    },
  },
];
