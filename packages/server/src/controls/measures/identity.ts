import { tierTerms } from "@mandate/frameworks";
import { sql } from "kysely";
import { earliestId } from "../../evidence/index.ts";
import type { Measure } from "../measure.ts";
import { before, plantCredential, plantDecision, plantObject } from "../plant.ts";
import { callsOfPeople } from "./calls.ts";

const maxDays = JSON.stringify(Object.fromEntries((["T0", "T1", "T2", "T3", "X"] as const).map((tier) => [tier, tierTerms(tier).credentialMaxDays])));

export const identity: readonly Measure[] = [
  {
    control: "NHI-01", kind: "query", grade: "observed", unit: "credentials", asks: "Live credentials that were issued here, and keys that live elsewhere; a fault where nobody who is here answers for one, or it has no end",
    select: ({ org, now }) => sql`select c.id as subject, c.system, case when not exists (select from people p where p.org = ${org} and p.email = lower(c.accountable) and p.state <> 'deactivated') then 'Nobody who is here answers for it.' end as fault from credentials c where c.org = ${org} and c.state <> 'revoked' and c.not_after > ${now}
      union all select e.id, e.system, case when e.owner is null then 'It has no owner.' when e.ends_on is null then 'It has no end.' end from external_credentials e where e.org = ${org} and e.gone_at is null`,
    plant: (planting) => plantCredential(planting),
  },
  {
    control: "NHI-02", kind: "query", grade: "enforced", unit: "revoked credentials", asks: "Revoked credentials; a fault where a call was allowed with one later than a second after it was revoked",
    select: ({ org }) => sql`select c.id as subject, c.system, case when exists (select from decision d where d.org = ${org} and d.credential = c.id and d.outcome = 'allow' and d.at > c.changed_at + interval '1 second') then 'A call was allowed after it was revoked.' end as fault from credentials c where c.org = ${org} and c.state = 'revoked'`,
    plant: async (planting) => {
      await plantCredential(planting, { state: "revoked", createdAt: before(planting.now, 2), changedAt: before(planting.now, 1) });
      await plantDecision(planting, { credential: "cred_planted" });
    },
  },
  { control: "NHI-03", kind: "probe", grade: "enforced", unit: "probes", asks: "A prompt with a secret in it" },
  {
    control: "NHI-04", kind: "query", grade: "enforced", unit: "credentials", asks: "Credentials that calls were allowed with in the window; a fault where one was past its end, or older than its tier allows, at its last call",
    select: ({ org, since }) => sql`select c.id as subject, c.system, case when u.last > c.not_after + interval '1 second' then 'A call was allowed after its end.' when u.last > c.created_at + make_interval(days => (${maxDays}::jsonb ->> s.tier)::int) + interval '1 second' then 'A call was allowed when it was older than ' || (${maxDays}::jsonb ->> s.tier) || ' days.' end as fault
      from (select d.credential, max(d.at) as last from decision d where ${callsOfPeople(org, since)} and d.outcome = 'allow' and d.credential is not null group by d.credential) u join credentials c on c.org = ${org} and c.id = u.credential join system_states s on s.org = ${org} and s.system = c.system`,
    plant: async (planting) => {
      await plantCredential(planting, { createdAt: before(planting.now, 2), notAfter: before(planting.now, 1) });
      await plantDecision(planting, { credential: "cred_planted" });
    },
  },
  {
    control: "NHI-05", kind: "gate", grade: "observed", unit: "systems", asks: "Each system of the tier: all that it was granted was used in 90 days, stands by, or its keeping is accepted",
    plant: (facts) => ({ ...facts, uses: [{ grant: "tool:planted", since: new Date(0), lastUsed: null }] }),
  },
  {
    control: "NHI-06", kind: "query", grade: "enforced", unit: "credentials", asks: "Credentials that calls came with in the window; a fault where one called as two systems",
    select: ({ org, since }) => sql`select d.credential as subject, min(d.system) as system, case when count(distinct d.system) > 1 then 'It was allowed to call as ' || count(distinct d.system) || ' systems.' end as fault from decision d where ${callsOfPeople(org, since)} and d.credential like 'cred_%' and d.outcome = 'allow' group by d.credential`,
    plant: async (planting) => {
      await plantDecision(planting, { id: "dec_planted1", credential: "cred_planted" });
      await plantDecision(planting, { id: "dec_planted2", credential: "cred_planted", system: "mandate-planted-too" });
    },
  },
  {
    control: "NHI-07", kind: "query", grade: "enforced", unit: "delegated calls", asks: "Allowed calls of the window by somebody who acted for a user or for another agent; a fault where it isn't on record for whom, or a credential acted for was another system's, had ended, or covers no such action",
    select: ({ org, since }) => sql`select d.id as subject, d.system, min(case when l.acted = 'user' and d.subject is null then 'For which user is not on record.' when l.acted = 'user' then null when c.id is null then 'It acted for a credential that was never issued here.'
        when c.system is distinct from d.system then 'It acted for a credential of another system.' when d.at > c.not_after + interval '1 second' or (c.state = 'revoked' and d.at > c.changed_at + interval '1 second') then 'It acted for a credential that had ended.'
        when cardinality(c.scope) > 0 and d.action in ('model.call', 'tool.call', 'data.export', 'deploy') and not d.action = any(c.scope) then 'It did what the credential that it acted for may not.' end) as fault
      from (select id, split_part(value, '>', 2) as acted from decision_tag where org = ${org} and kind = 'link' and id >= ${earliestId(since)}) l join decision d on d.id = l.id left join credentials c on c.org = ${org} and c.id = l.acted
      where ${callsOfPeople(org, since)} and d.outcome = 'allow' group by d.id, d.system`,
    plant: async (planting) => {
      const { tx, org } = planting;
      await plantCredential(planting);
      await sql`update credentials set scope = '{tool.call}' where org = ${org} and id = 'cred_planted'`.execute(tx);
      await plantDecision(planting, { credential: "cred_planted_actor" });
      await sql`insert into decision_tag (org, kind, value, id) values (${org}, 'link', 'cred_planted_actor>cred_planted', 'dec_planted')`.execute(tx);
    },
  },
  {
    control: "NHI-08", kind: "query", grade: "enforced", unit: "calls", asks: "Allowed calls of T3 systems under a production authorization; a fault where one came with a plain key",
    select: ({ org, since }) => sql`select d.id as subject, d.system, case when c.kind = 'gateway-key' then 'It came with a plain key.' end as fault from decision d join system_states s on s.org = d.org and s.system = d.system and s.tier = 'T3' join credentials c on c.org = d.org and c.id = d.credential
      where ${callsOfPeople(org, since)} and d.outcome = 'allow' and exists (select from authorizations a where a.org = d.org and a.system = d.system and a.type = 'production' and a.starts <= d.at and a.ends > d.at)`,
    plant: async (planting) => {
      const { tx, org, now, system } = planting;
      await plantCredential(planting);
      await sql`insert into system_versions (org, system, digest, number, manifest, created_at) values (${org}, ${system}, repeat('0', 64), 1, '{}', ${now})`.execute(tx);
      await sql`insert into authorizations (org, id, system, number, type, state, version_digest, tier, terms, starts, ends, requester, created_at) values (${org}, 'auth_planted', ${system}, 1, 'production', 'granted', repeat('0', 64), 'T3', '{}', ${before(now, 1)}, ${before(now, -1)}, 'planted', ${now})`.execute(tx);
      await plantDecision(planting, { credential: "cred_planted" });
    },
  },
  {
    control: "NHI-09", kind: "query", grade: "enforced", unit: "third-party grants", asks: "Models and MCP servers that name a credential; a fault where it isn't sealed here for named hosts",
    select: ({ org }) => sql`select lower(o.kind) || ':' || o.name as subject, null::text as system, case when not exists (select from secrets s where s.org = ${org} and 'secret:' || s.name = o.spec ->> 'credential' and cardinality(s.hosts) > 0) then 'Its credential is not sealed here, so nothing can take it back.' end as fault
      from register_objects o where o.org = ${org} and o.kind in ('Model', 'McpServer') and o.spec ->> 'credential' is not null`,
    plant: (planting) => plantObject(planting, "Model", "planted", { credential: "secret:planted" }),
  },
];
