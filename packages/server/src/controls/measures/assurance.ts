import { sql } from "kysely";
import { answersToJudge, shortestMedianSeconds } from "../../approvals/index.ts";
import { openIncidents } from "../../incidents/index.ts";
import { goodForMs } from "../result.ts";
import type { Measure } from "../measure.ts";
import { before, plantDecision } from "../plant.ts";
import { callsOfPeople } from "./calls.ts";

/** A call may still run: its end is waited for so long. */
const openForMs = 3_600_000;

export const log: readonly Measure[] = [
  {
    control: "LOG-01", kind: "query", grade: "enforced", unit: "calls", asks: "Decisions of the window older than an hour; a fault where no end is recorded, or no entry of the log holds it",
    select: ({ org, since, now }) => sql`select d.id as subject, d.system, case when d.terminal is null then 'Its end is not recorded.' when d.intent_index is null and d.result_index is null then 'No entry of the log holds it.' end as fault from decision d where ${callsOfPeople(org, since)} and d.at < ${new Date(now.getTime() - openForMs)}`,
    plant: (planting) => plantDecision(planting, { terminal: null, at: new Date(planting.now.getTime() - 2 * openForMs) }),
  },
  { control: "LOG-02", kind: "probe", grade: "enforced", unit: "entries", asks: "A copy of the newest entries, checked against the signed tree, and again with one byte changed" },
  {
    control: "LOG-03", kind: "gate", grade: "enforced", unit: "systems", asks: "Each system of the tier: a quorum of outside witnesses signed the log within 24 hours",
    plant: (facts) => ({ ...facts, anchor: { witnesses: ["planted"], at: new Date(0) } }),
  },
  { control: "LOG-04", kind: "probe", grade: "enforced", unit: "probes", asks: "A call that the gateway can't write down" },
  {
    control: "LOG-05", kind: "gate", grade: "observed", unit: "systems", asks: "Each system that isn't retired: what its models show is enough for its tier, or the gap is accepted as a risk",
    plant: (facts) => ({ ...facts, visibility: { ...facts.visibility, gap: { models: ["planted"], accepted: null } } }),
  },
  { control: "LOG-06", kind: "probe", grade: "enforced", unit: "readings", asks: "What a probe's own call sealed, read without a reason, and read where the reading can't be written down: neither may show anything. Whoever reads the database past the product leaves no entry; what is sealed there opens with the master key alone" },
];

export const oversight: readonly Measure[] = [
  {
    control: "OVS-01", kind: "gate", grade: "declared", unit: "systems", asks: "Each system of the tier that Article 50 concerns: a notice is registered and has not ended. Whether people saw it isn't measured",
    plant: (facts) => ({ ...facts, flags: [{ flag: "F-ART50" } as unknown as (typeof facts.flags)[number]], system: { ...facts.system, name: "mandate-planted" } }),
  },
  {
    control: "OVS-02", kind: "query", grade: "observed", unit: "approvers", asks: `People who answered ${answersToJudge} questions or more in the window; a fault where somebody refused none of them and took less than ${shortestMedianSeconds} s in the middle`,
    select: ({ org, since }) => sql`select s.email as subject, null::text as system, case when bool_and(s.choice = 'approve') and percentile_cont(0.5) within group (order by extract(epoch from s.signed_at - a.created_at)) < ${shortestMedianSeconds} then 'Approved all ' || count(*) || ', half of them in less than ' || ${shortestMedianSeconds}::int || ' s.' end as fault
      from approval_signatures s join approvals a on a.org = s.org and a.id = s.approval_id where s.org = ${org} and s.signed_at >= ${since} group by s.email having count(*) >= ${answersToJudge}`,
    plant: async ({ tx, org, now, system }) => {
      await sql`insert into approvals (org, id, action, system, statement, digest, tier, approvers, state, created_at, expires_at) select ${org}, 'apr_planted' || n, 'tool.call', ${system}, '{}', repeat('0', 64), 'T1', '[]', 'pending', ${now}, ${now} from generate_series(1, ${answersToJudge}::int) n`.execute(tx);
      await sql`insert into approval_signatures (org, approval_id, person_id, email, approver_set, role, kind, choice, reason, signed_at) select ${org}, 'apr_planted' || n, 'per_planted', 'nobody@planted.invalid', 'owners', 'business-owner', 'token', 'approve', 'planted', ${now} from generate_series(1, ${answersToJudge}::int) n`.execute(tx);
    },
  },
  {
    control: "OVS-03", kind: "gate", grade: "declared", unit: "systems", asks: "Each system of the tier: both owners hold a current training for it",
    plant: (facts) => ({ ...facts, system: { ...facts.system, spec: { ...facts.system.spec, owners: { business: "nobody@planted.invalid", technical: "nobody@planted.invalid" } } } }),
  },
  {
    control: "VEN-01", kind: "gate", grade: "declared", unit: "systems", asks: "Each system that isn't retired: every vendor it depends on has a contract on record that has not ended. Exit plans aren't recorded",
    plant: (facts) => {
      const register = Object.create(facts.register) as typeof facts.register;
      register.get = ((kind: string) => (kind === "Model" ? { spec: { vendor: "vendor:planted" } } : undefined)) as typeof facts.register.get;
      return { ...facts, register, grants: { ...facts.grants, models: ["planted"] } };
    },
  },
  {
    control: "VEN-02", kind: "query", grade: "enforced", unit: "changes", asks: "Changes of a model or vendor that were noticed in the window and are of class B or C; a fault where no reassessment was opened",
    select: ({ org, since }) => sql`select c.id as subject, null::text as system, case when c.reassessment_id is null then 'No reassessment: ' || c.what end as fault from change_events c where c.org = ${org} and c.class in ('B', 'C') and c.at >= ${since} and (c.trigger like 'model%' or c.trigger like 'vendor%')`,
    plant: ({ tx, org, now }) => sql`insert into change_events (org, id, trigger, class, subject, what, observed_by, at) values (${org}, 'chg_planted', 'vendor-terms', 'B', 'vendor:planted', 'planted', 'planted', ${now})`.execute(tx),
  },
];

export const improvement: readonly Measure[] = [
  {
    control: "INC-01", kind: "read", grade: "enforced", unit: "open incidents", asks: "Open incidents; a fault where no answer says which clocks run, or a clock is past its end",
    read: async (tx, { org, now }) => (await openIncidents(tx, org, now.getTime(), 1000)).map((one) => ({ subject: one.id, system: one.systems[0] ?? null, fault: one.overdue ? "A clock is past its end." : Object.keys(one.answers).length === 0 ? "Nobody said what it is about, so no clock is known." : null })),
    plant: ({ tx, org, now, system }) => sql`insert into incidents (org, id, title, severity, state, systems, aware_at, opened_at, opened_by) values (${org}, 'inc_planted', 'Planted', 'high', 'open', array[${system}], ${before(now, 400)}, ${now}, 'planted')`.execute(tx),
  },
  {
    control: "INC-02", kind: "query", grade: "enforced", unit: "failed controls and findings", asks: "Controls whose newest result is a fail, and open findings of elevated and high-risk systems; a fault where a fail has no finding, or a finding nobody owns is past its due date",
    select: ({ org, now }) => sql`select r.control as subject, null::text as system, case when not exists (select from findings f where f.org = ${org} and f.key = 'control.failed:' || r.control) then 'It failed and no finding says so.' end as fault
        from (select distinct on (control) control, outcome, faults, excepted from control_results where org = ${org} order by control, at desc, id desc) r where r.outcome = 'fail' and (r.faults = 0 or r.faults > r.excepted)
      union all select f.id, f.system, case when f.due_at < ${now} and f.owner is null then 'It is past its due date and nobody owns it.' end from findings f join system_states s on s.org = f.org and s.system = f.system and s.tier in ('T2', 'T3') where f.org = ${org} and f.state = 'open'`,
    plant: ({ tx, org, now, system }) => sql`insert into findings (org, id, key, system, kind, title, detail, state, opened_at, due_at, last_seen_at) values (${org}, 'fnd_planted', 'planted', ${system}, 'planted', 'Planted', 'planted', 'open', ${before(now, 9)}, ${before(now, 1)}, ${now})`.execute(tx),
  },
  {
    control: "INC-03", kind: "query", grade: "enforced", unit: "controls", asks: "Controls that have been run; a fault where the newest result is older than a day",
    select: ({ org, now }) => sql`select r.control as subject, null::text as system, case when r.at < ${new Date(now.getTime() - goodForMs)} then 'Its newest result is older than a day.' end as fault from (select control, max(at) as at from control_results where org = ${org} group by control) r`,
    plant: async ({ tx, org, now }) => {
      await sql`insert into control_results (org, id, run, control, at, grade, outcome, reason, unit, population, faults, excepted, exceptions, systems, query, window_since, window_until, position, started_by)
        values (${org}, 'cres_planted', 'planted', 'ZZZ-99', ${before(now, 9)}, 'observed', 'pass', '', '', 0, 0, 0, '[]', '{}', '', ${now}, ${now}, '[]', 'planted')`.execute(tx);
    },
  },
];
