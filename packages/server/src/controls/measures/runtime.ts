import { isProbe } from "@mandate/model";
import { sql } from "kysely";
import { earliestId } from "../../evidence/index.ts";
import type { Measure } from "../measure.ts";
import { before, plantCredential, plantDecision, plantObject } from "../plant.ts";
import { callsOfPeople } from "./calls.ts";

/** Allowed calls whose decision stands in the log before anything happened. */
const decidedFirst = (control: string, action: string, what: string): Measure => ({
  control, kind: "query", grade: "enforced", unit: "calls", asks: `Allowed ${what} of the window; a fault where no intent stands in the log`,
  select: ({ org, since }) => sql`select d.id as subject, d.system, case when d.intent_index is null and d.result_index is null then 'No entry of the log holds its decision.'
      when d.intent_index is not null and d.intent_log = d.result_log and d.result_index < d.intent_index then 'Its outcome was written before its decision.' end as fault from decision d where ${callsOfPeople(org, since)} and d.outcome = 'allow' and d.action = ${action}`,
  plant: (planting) => plantDecision(planting, { action, recorded: false }),
});

export const runtime: readonly Measure[] = [
  decidedFirst("RT-01", "model.call", "model calls"),
  decidedFirst("RT-02", "data.export", "exports"),
  decidedFirst("RT-03", "tool.call", "tool calls"),
  { control: "RT-04", kind: "probe", grade: "enforced", unit: "probes", asks: "A call to a system whose rules the gateway may not trust any more" },
  {
    control: "RT-05", kind: "query", grade: "enforced", unit: "approved calls", asks: "Calls that ran on a person's approval; a fault where that approval doesn't exist, wasn't given, or had lapsed",
    select: ({ org, since }) => sql`select d.id as subject, d.system, case when a.id is null then 'Its approval does not exist.' when a.state <> 'approved' then 'Its approval was not given.' when a.decided_at > d.at + interval '30 seconds' then 'It ran before it was approved.'
        when a.system is distinct from d.system then 'Its approval was for another system.' end as fault
      from decision d left join approvals a on a.org = d.org and a.id = d.approval where ${callsOfPeople(org, since)} and d.outcome = 'allow' and d.approval is not null`,
    plant: (planting) => plantDecision(planting, { action: "tool.call", approval: "apr_nowhere" }),
  },
  {
    control: "RT-06", kind: "gate", grade: "enforced", unit: "systems", asks: "Each system of the tier: every tool of a server that it uses is pinned, and offered as it was pinned",
    plant: (facts) => ({ ...facts, grants: { ...facts.grants, tools: ["planted"] }, pins: [] }),
  },
  {
    control: "RT-07", kind: "facts", grade: "enforced", unit: "systems", asks: "Each system that gateways serve; a fault where neither calls, tokens nor money are limited",
    select: (facts) => facts.systems.filter((one) => one.status !== "refused" && !isProbe(one.name)).map(({ name, limits }) => ({ subject: name, system: name, fault: [limits.callsPerDay, limits.callsPerMinute, limits.tokensPerDay, limits.eurosPerDay, limits.eurosPerMonth].every((one) => one === null) ? "It has no limit." : null })),
    plant: (facts) => {
      const unlimited = { callsPerDay: null, callsPerMinute: null, tokensPerDay: null, eurosPerDay: null, eurosPerMonth: null, peoplePerDay: null };
      const [any] = facts.systems;
      return any === undefined ? facts : { ...facts, systems: [...facts.systems, { ...any, name: "mandate-planted", status: "operating", limits: unlimited }] };
    },
  },
  {
    control: "RT-08", kind: "query", grade: "enforced", unit: "stops", asks: "Stops of systems that were lifted again, in the window; a fault where a call was allowed later than a second after the stop and before its end",
    select: ({ org, since }) => sql`select s.system || ' ' || s.stopped_at as subject, s.system, case when exists (select from decision d where d.org = ${org} and d.system = s.system and d.outcome = 'allow' and d.at > s.stopped_at + interval '1 second' and d.at < s.resumed_at) then 'A call was allowed while it was stopped.' end as fault
      from stop_drills s where s.org = ${org} and s.resumed_at >= ${since}`,
    plant: async (planting) => {
      const { tx, org, now, system } = planting;
      await sql`insert into stop_drills (org, system, stopped_at, resumed_at, resumed_by, reason) values (${org}, ${system}, ${new Date(now.getTime() - 20_000)}, ${now}, 'planted', 'planted')`.execute(tx);
      await plantDecision(planting, { at: new Date(now.getTime() - 10_000) });
    },
  },
  {
    control: "RT-09", kind: "query", grade: "enforced", unit: "decisions", asks: "Decisions of the window that the rule untrusted-session made; a fault where one was allowed without an approval",
    select: ({ org, since }) => sql`select d.id as subject, d.system, case when d.outcome = 'allow' and d.approval is null then 'It was allowed without a person.' end as fault from decision d where ${callsOfPeople(org, since)} and d.rule = 'untrusted-session'`,
    plant: (planting) => plantDecision(planting, { action: "tool.call", rule: "untrusted-session" }),
  },
  {
    control: "RT-10", kind: "query", grade: "observed", unit: "links between agents", asks: "Which agent acted for which, by the exchanged tokens of allowed calls in the window; a fault where a side was never issued here, proves itself by a plain key, or the one acted for doesn't name the other. What agents tell each other past the gateway is not in it",
    select: ({ org, since }) => sql`select l.value as subject, min(d.system) as system, case when bool_or(a.id is null or c.id is null) then 'One side is no credential that was issued here.' when bool_or(a.kind = 'gateway-key') then 'The one that acted proves itself by a plain key.'
        when bool_or(not a.id = any(c.actors)) then 'The one acted for never named it.' end as fault
      from (select id, value, split_part(value, '>', 1) as actor, split_part(value, '>', 2) as acted from decision_tag where org = ${org} and kind = 'link' and value not like '%>user' and id >= ${earliestId(since)}) l
      join decision d on d.id = l.id left join credentials a on a.org = ${org} and a.id = l.actor left join credentials c on c.org = ${org} and c.id = l.acted
      where ${callsOfPeople(org, since)} and d.outcome = 'allow' group by l.value`,
    plant: async (planting) => {
      const { tx, org } = planting;
      await plantCredential(planting);
      await plantDecision(planting, { credential: "cred_planted" });
      await sql`insert into decision_tag (org, kind, value, id) values (${org}, 'link', 'cred_planted>cred_planted', 'dec_planted')`.execute(tx);
    },
  },
  {
    control: "RT-11", kind: "query", grade: "enforced", unit: "policies", asks: "Policies of the register; a fault where one has no tests, or its version in force is in no history with its author",
    select: ({ org }) => sql`select o.name as subject, null::text as system, case when coalesce(jsonb_array_length(o.spec -> 'tests'), 0) = 0 then 'It has no tests.' when not exists (select from register_history h where h.org = ${org} and h.kind = 'Policy' and h.name = o.name and h.version = o.version) then 'Nobody is recorded as its author.' end as fault
      from register_objects o where o.org = ${org} and o.kind = 'Policy'`,
    plant: (planting) => plantObject(planting, "Policy", "planted", { cedar: "", tests: [] }),
  },
];

export const data: readonly Measure[] = [
  {
    control: "DATA-01", kind: "query", grade: "declared", unit: "datasets and flows", asks: "Datasets and data flows of the register; a fault where sensitivity, region, retention or purpose is not written down",
    select: ({ org }) => sql`select lower(o.kind) || ':' || o.name as subject, case when o.kind = 'DataFlow' then substr(o.spec ->> 'system', 8) end as system, nullif(concat_ws(' ', case when o.spec ->> 'sensitivity' is null then 'It lacks its sensitivity.' end,
        case when o.spec ->> 'region' is null then 'It lacks its region.' end, case when o.kind = 'Dataset' and o.spec ->> 'retention' is null then 'It lacks its retention.' end, case when o.kind = 'DataFlow' and o.spec ->> 'purpose' is null then 'It lacks its purpose.' end), '') as fault
      from register_objects o where o.org = ${org} and o.kind in ('Dataset', 'DataFlow')`,
    plant: (planting) => plantObject(planting, "Dataset", "planted", { sensitivity: "internal" }),
  },
  { control: "DATA-02", kind: "probe", grade: "enforced", unit: "probes", asks: "A call with content of a class that its system's boundary doesn't hold" },
  {
    control: "DATA-03", kind: "gate", grade: "enforced", unit: "systems", asks: "Each system that isn't retired: every flow to another region than its data's was decided by a legal reviewer",
    plant: (facts) => ({ ...facts, flows: { ...facts.flows, undecided: ["planted"] } }),
  },
  {
    control: "DATA-04", kind: "query", grade: "enforced", unit: "months of content", asks: "Keys of sealed content by system and month; a fault where their end has passed by more than a day, no legal hold stands, and content still has its key",
    select: ({ org, now }) => sql`select k.kid as subject, nullif(k.system, '') as system, case when k.ends_at < ${before(now, 1)} and not exists (select from evidence_hold h where h.org = ${org} and h.released_at is null) and exists (select from evidence_key e where e.org = ${org} and e.kid = k.kid) then 'Content of ' || k.month || ' is past its end and still opens.' end as fault
      from evidence_kek k where k.org = ${org} and k.system not like 'probe:%'`,
    plant: async ({ tx, org, now, system }) => {
      await sql`insert into evidence_kek (org, kid, system, month, sealed_key, wrapped_key, ends_at) values (${org}, 'kek_planted', ${system}, '2020-01', '\\x00', '\\x00', ${before(now, 3)})`.execute(tx);
      await sql`insert into evidence_key (org, origin, index, part, kid, wrapped) values (${org}, 'planted', 0, 0, 'kek_planted', '\\x00')`.execute(tx);
      await sql`update evidence_hold set released_at = ${now}, released_by = 'planted', release_reason = 'planted' where org = ${org} and released_at is null`.execute(tx);
    },
  },
  { control: "DATA-05", kind: "unmeasured", why: "What an application retrieves by itself reaches the gateway as messages. What a tool retrieves is decided by system, tool, purpose and user, and what came back by its class; which rows of it that user may see only the source knows. So nothing can be planted that ought to be refused, and no result compared with a right." },
];
