import { sql } from "kysely";
import type { Measure } from "../measure.ts";
import { before, plantDecision, plantEnded } from "../plant.ts";
import { callsOfPeople } from "./calls.ts";

/**
 * When each system was authorized, by type: one row, looked up by name. A join would be planned for the few systems that
 * the planner expects and run for a million calls.
 */
const spans = (org: string, type: "pilot" | "production") => sql`select coalesce(jsonb_object_agg(x.system, jsonb_build_object('first', x.first, 'spans', x.spans)), '{}') as held from (
  select a.system, min(a.starts) as first, range_agg(tstzrange(a.starts, greatest(a.starts, least(a.ends, (select min(h.at) from authorization_history h where h.org = a.org and h.authorization_id = a.id and h.state = 'revoked')) + interval '1 second')))::text as spans
  from authorizations a where a.org = ${org} and a.type = ${type} and a.starts is not null group by a.system) x`;
const covered = (type: "pilot" | "production") => sql`coalesce(d.at <@ (${sql.ref(type)}.held #>> array[d.system, 'spans'])::tstzmultirange, false)`;
const everHeld = (type: "pilot" | "production") => sql`coalesce(d.at >= (${sql.ref(type)}.held #>> array[d.system, 'first'])::timestamptz, false)`;
const authorized = (org: string) => sql`with pilot as materialized (${spans(org, "pilot")}), production as materialized (${spans(org, "production")})`;

export const release: readonly Measure[] = [
  {
    control: "GATE-01", kind: "query", grade: "enforced", unit: "calls", asks: "Allowed calls of systems that had a production authorization; a fault where none covered the moment of the call, and no pilot did",
    select: ({ org, since }) => sql`${authorized(org)} select d.id as subject, d.system, case when not ${covered("production")} and not ${covered("pilot")} then 'No authorization covered it.' end as fault from decision d, pilot, production where ${callsOfPeople(org, since)} and d.outcome = 'allow' and d.system is not null and ${everHeld("production")}`,
    plant: async (planting) => {
      await plantEnded(planting, "production");
      await plantDecision(planting);
    },
  },
  {
    control: "GATE-02", kind: "query", grade: "enforced", unit: "calls", asks: "Allowed calls of systems that had a pilot and no production authorization; a fault where no pilot covered the moment of the call",
    select: ({ org, since }) => sql`${authorized(org)} select d.id as subject, d.system, case when not ${covered("pilot")} then 'Its pilot had ended.' end as fault from decision d, pilot, production where ${callsOfPeople(org, since)} and d.outcome = 'allow' and d.system is not null and ${everHeld("pilot")} and not ${everHeld("production")}`,
    plant: async (planting) => {
      await plantEnded(planting, "pilot");
      await plantDecision(planting);
    },
  },
  {
    control: "GATE-03", kind: "query", grade: "enforced", unit: "exceptions", asks: "Exceptions that were granted; a fault where compensating control or approver is missing, or it let a call pass after its end",
    select: ({ org }) => sql`select e.id as subject, e.system, case when e.compensating = '' or e.reason = '' then 'It has no compensating control or no reason.' when cardinality(e.granted_by) = 0 then 'Nobody approved it.'
        when exists (select from decision d where d.org = ${org} and d.rule = 'exception:' || e.id and d.at > coalesce(e.ended_at, e.ends_at) + interval '1 second') then 'It let a call pass after its end.' end as fault
      from exceptions e where e.org = ${org} and e.granted_at is not null`,
    plant: ({ tx, org, now, system }) => sql`insert into exceptions (org, id, system, scope, target, reason, compensating, tier, requester, requested_at, approval_id, granted_at, granted_by, ends_at)
      values (${org}, 'exc_planted', ${system}, 'control', 'OWN-01', 'planted', '', 'T3', 'planted', ${before(now, 1)}, 'apr_planted', ${before(now, 1)}, '{}', ${new Date(now.getTime() + 1000)})`.execute(tx),
  },
  {
    control: "GATE-04", kind: "query", grade: "enforced", unit: "changes", asks: "Changes of class B or C in the window; a fault where no reassessment was opened",
    select: ({ org, since }) => sql`select c.id as subject, null::text as system, case when c.reassessment_id is null then 'No reassessment: ' || c.what end as fault from change_events c where c.org = ${org} and c.class in ('B', 'C') and c.at >= ${since}`,
    plant: ({ tx, org, now }) => sql`insert into change_events (org, id, trigger, class, subject, what, observed_by, at) values (${org}, 'chg_planted', 'model.version', 'C', 'model:planted', 'planted', 'planted', ${now})`.execute(tx),
  },
  {
    control: "GATE-05", kind: "gate", grade: "declared", unit: "systems", asks: "Each system of the tier: an evaluation is recorded, current, and meets its threshold",
    plant: (facts) => ({ ...facts, evaluations: [] }),
  },
  {
    control: "GATE-06", kind: "gate", grade: "declared", unit: "systems", asks: "Each system of the tier: an adversarial test is recorded, current, and meets its threshold",
    plant: (facts) => ({ ...facts, evaluations: [] }),
  },
  {
    control: "GATE-07", kind: "query", grade: "enforced", unit: "signatures", asks: "Signatures that approved something at T1 or above in the window; a fault where the requester signed",
    select: ({ org, since }) => sql`select s.approval_id || ' ' || s.email as subject, a.system, case when s.person_id = a.requester_person then 'Its requester approved it.' end as fault from approval_signatures s join approvals a on a.org = s.org and a.id = s.approval_id
      where s.org = ${org} and s.choice = 'approve' and s.signed_at >= ${since} and a.tier <> 'T0'`,
    plant: async ({ tx, org, now, system }) => {
      await sql`insert into approvals (org, id, action, system, statement, digest, tier, requester_person, approvers, state, created_at, expires_at) values (${org}, 'apr_planted', 'tool.call', ${system}, '{}', repeat('0', 64), 'T2', 'per_planted', '[]', 'pending', ${now}, ${now})`.execute(tx);
      await sql`insert into approval_signatures (org, approval_id, person_id, email, approver_set, role, kind, choice, reason, signed_at) values (${org}, 'apr_planted', 'per_planted', 'nobody@planted.invalid', 'owners', 'business-owner', 'token', 'approve', 'planted', ${now})`.execute(tx);
    },
  },
  {
    control: "GATE-08", kind: "gate", grade: "declared", unit: "systems", asks: "Each system of the tier: an impact assessment is registered and has not ended",
    plant: (facts) => ({ ...facts, system: { ...facts.system, name: "mandate-planted" } }),
  },
];
