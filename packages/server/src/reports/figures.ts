import { sql } from "kysely";
import type { RawBuilder } from "kysely";
import { callsOfPeople } from "../controls/index.ts";
import type { Tx } from "../database/index.ts";

export interface Period {
  readonly org: string;
  readonly since: Date;
  readonly until: Date;
}

export const sections = ["systems", "calls", "people", "changes", "incidents", "controls", "evidence"] as const;
export type Section = (typeof sections)[number];

/** One number of a report. It is asked for the month and for the month before. */
export type Figure = Counted | CountedOfCalls;

interface Words {
  readonly id: string;
  readonly section: Section;
  readonly label: string;
  readonly unit: string;
  /** The question in words. */
  readonly asks: string;
  /** Console page with the rows. */
  readonly href: string;
  /** Whether a board wants to know. */
  readonly board: boolean;
  /** Good when it grows, bad, or neither. */
  readonly better?: "more" | "less";
}

interface Counted extends Words {
  /** One SELECT of one `value`. */
  readonly select: (period: Period) => RawBuilder<unknown>;
}

/** Of the month's decisions, which are many: such figures are counted in one reading of them, however many they are. */
interface CountedOfCalls extends Words {
  /** An aggregate over `decision d`. */
  readonly aggregate: (period: Period) => RawBuilder<unknown>;
}

/** What a reader asks for and nothing here measures: said, with the reason, rather than left out. */
export interface Unmeasured {
  readonly id: string;
  readonly section: Section;
  readonly label: string;
  readonly why: string;
  readonly board: boolean;
}

/** `decision d` of the month, by whoever asked for real. */
const fromCalls = ({ org, since, until }: Period): RawBuilder<unknown> => sql`from decision d where ${callsOfPeople(org, since)} and d.at < ${until}`;
const calls = (which: RawBuilder<unknown> = sql`true`): RawBuilder<unknown> => sql`count(*) filter (where ${which})`;
const during = (column: RawBuilder<unknown>, { since, until }: Period) => sql`${column} >= ${since} and ${column} < ${until}`;
/** Newest state of every authorization before the end. */
const held = ({ org, until }: Period, type: "pilot" | "production") => sql`select count(*) as value from authorizations a where a.org = ${org} and a.type = ${type} and a.starts < ${until} and a.ends > ${until}
  and (select h.state from authorization_history h where h.org = a.org and h.authorization_id = a.id and h.at < ${until} order by h.seq desc limit 1) in ('granted', 'granted_with_conditions')`;
/** Newest version of every object of the kind before the end; those removed by then are gone. */
const registered = ({ org, until }: Period, kind: string) => sql`select count(*) as value from (select distinct on (name) name, action from register_history where org = ${org} and kind = ${kind} and recorded_at < ${until} order by name, version desc) h where h.action <> 'remove'`;
const outcomes = ({ org, until }: Period, which: readonly string[]) => sql`select count(*) as value from (select distinct on (control) outcome, at from control_results where org = ${org} and at < ${until} order by control, at desc, id desc) r where r.outcome = any(${[...which]}) and r.at > ${until}::timestamptz - interval '1 day'`;

export const figures: readonly Figure[] = [
  { id: "systems", section: "systems", label: "AI systems on record", unit: "systems", asks: "Systems in the register at the end of the month", select: (of) => registered(of, "AISystem"), href: "/systems", board: true },
  { id: "production", section: "systems", label: "With a production authorization", unit: "systems", asks: "Production authorizations in force at the end of the month", select: (of) => held(of, "production"), href: "/systems?lifecycle=production", board: true },
  { id: "pilots", section: "systems", label: "In a pilot", unit: "systems", asks: "Pilot authorizations in force at the end of the month", select: (of) => held(of, "pilot"), href: "/systems?lifecycle=pilot", board: true },
  { id: "high", section: "systems", label: "Of high risk", unit: "systems", asks: "Systems whose newest determination before the end of the month says T3", select: ({ org, until }) => sql`select count(*) as value from (select distinct on (system) tier from tier_determinations where org = ${org} and at < ${until} order by system, seq desc) t where t.tier = 'T3'`, href: "/systems?tier=T3", board: true },
  { id: "granted", section: "systems", label: "Authorizations granted", unit: "authorizations", asks: "Steps of authorizations to granted in the month", select: (of) => sql`select count(*) as value from authorization_history h where h.org = ${of.org} and h.state in ('granted', 'granted_with_conditions') and ${during(sql`h.at`, of)}`, href: "/systems", board: false },
  { id: "withdrawn", section: "systems", label: "Denied, revoked or ended", unit: "authorizations", asks: "Steps of authorizations to denied, revoked or expired in the month", select: (of) => sql`select count(*) as value from authorization_history h where h.org = ${of.org} and h.state in ('denied', 'revoked', 'expired') and ${during(sql`h.at`, of)}`, href: "/systems", board: false },
  { id: "calls", section: "calls", label: "Calls decided", unit: "calls", asks: "Decisions of the month, probes left out", aggregate: () => calls(), href: "/evidence", board: true },
  { id: "allowed", section: "calls", label: "Allowed", unit: "calls", asks: "Of them, allowed", aggregate: () => calls(sql`d.outcome = 'allow'`), href: "/evidence?outcome=allow", board: false },
  { id: "held", section: "calls", label: "Held for a person", unit: "calls", asks: "Of them, held", aggregate: () => calls(sql`d.outcome = 'hold'`), href: "/evidence?outcome=hold", board: true },
  { id: "denied", section: "calls", label: "Denied", unit: "calls", asks: "Of them, denied", aggregate: () => calls(sql`d.outcome = 'deny'`), href: "/evidence?outcome=deny", board: true },
  { id: "boundary", section: "calls", label: "Denied for the data boundary", unit: "calls", asks: "Of them, denied with data_boundary or legal_review", aggregate: () => calls(sql`d.code in ('data_boundary', 'legal_review')`), href: "/evidence?q=data_boundary", board: true },
  { id: "unknown", section: "calls", label: "Whose end isn't known", unit: "calls", asks: "Of them, closed as unknown or not closed an hour later", aggregate: (of) => calls(sql`(d.terminal = 'unknown' or (d.terminal is null and d.at < ${of.until}::timestamptz - interval '1 hour'))`), href: "/evidence", board: false, better: "less" },
  { id: "tokens", section: "calls", label: "Tokens", unit: "tokens", asks: "Input and output tokens of the month, as providers counted them", aggregate: () => sql`coalesce(sum(coalesce(d.input_tokens, 0) + coalesce(d.output_tokens, 0)), 0)`, href: "/evidence", board: false },
  { id: "asked", section: "people", label: "Questions put to people", unit: "questions", asks: "Approvals asked for in the month", select: (of) => sql`select count(*) as value from approvals a where a.org = ${of.org} and ${during(sql`a.created_at`, of)}`, href: "/approvals", board: false },
  { id: "refused", section: "people", label: "Refused by a person", unit: "questions", asks: "Of those decided in the month, refused", select: (of) => sql`select count(*) as value from approvals a where a.org = ${of.org} and a.state = 'refused' and ${during(sql`a.decided_at`, of)}`, href: "/approvals", board: true },
  { id: "answer", section: "people", label: "Time to an answer, in the middle", unit: "seconds", asks: "Median of the seconds from question to answer, of those answered in the month", select: (of) => sql`select round(percentile_cont(0.5) within group (order by extract(epoch from a.decided_at - a.created_at)))::bigint as value from approvals a where a.org = ${of.org} and a.state in ('approved', 'refused') and ${during(sql`a.decided_at`, of)}`, href: "/approvals", board: false },
  { id: "exceptions", section: "people", label: "Exceptions in force", unit: "exceptions", asks: "Exceptions that let something pass at the end of the month", select: ({ org, until }) => sql`select count(*) as value from exceptions where org = ${org} and granted_at < ${until} and ends_at > ${until} and (ended_at is null or ended_at > ${until})`, href: "/exceptions", board: true, better: "less" },
  { id: "reassessments", section: "changes", label: "Reassessments opened", unit: "cases", asks: "Reassessments opened in the month", select: (of) => sql`select count(*) as value from reassessments r where r.org = ${of.org} and ${during(sql`r.opened_at`, of)}`, href: "/reassessments", board: false },
  { id: "undecided", section: "changes", label: "Reassessments undecided", unit: "cases", asks: "Reassessments opened before the end of the month and not decided by then", select: ({ org, until }) => sql`select count(*) as value from reassessments where org = ${org} and opened_at < ${until} and (decided_at is null or decided_at >= ${until})`, href: "/reassessments", board: true, better: "less" },
  { id: "incidents", section: "incidents", label: "Incidents opened", unit: "incidents", asks: "Incidents opened in the month", select: (of) => sql`select count(*) as value from incidents i where i.org = ${of.org} and ${during(sql`i.opened_at`, of)}`, href: "/incidents", board: true, better: "less" },
  { id: "incidents-open", section: "incidents", label: "Incidents open", unit: "incidents", asks: "Incidents opened before the end of the month and not closed by then", select: ({ org, until }) => sql`select count(*) as value from incidents where org = ${org} and opened_at < ${until} and (closed_at is null or closed_at >= ${until})`, href: "/incidents", board: true, better: "less" },
  { id: "findings", section: "incidents", label: "Findings open past their due date", unit: "findings", asks: "Findings due before the end of the month and not closed by then", select: ({ org, until }) => sql`select count(*) as value from findings where org = ${org} and opened_at < ${until} and due_at < ${until} and (closed_at is null or closed_at >= ${until}) and (dismissed_until is null or dismissed_until < ${until})`, href: "/findings?overdue=true", board: true, better: "less" },
  { id: "pass", section: "controls", label: "Controls that pass", unit: "controls", asks: "Controls whose newest result before the end of the month is a pass not older than a day", select: (of) => outcomes(of, ["pass"]), href: "/frameworks", board: true, better: "more" },
  { id: "fail", section: "controls", label: "Controls that fail", unit: "controls", asks: "Controls whose newest result before the end of the month is a fail", select: (of) => outcomes(of, ["fail"]), href: "/frameworks", board: true, better: "less" },
  { id: "stale", section: "controls", label: "Controls not measured in time", unit: "controls", asks: "Controls whose newest result is older than a day at the end of the month: they count as failing", select: ({ org, until }) => sql`select count(*) as value from (select control, max(at) as at from control_results where org = ${org} and at < ${until} group by control) r where r.at <= ${until}::timestamptz - interval '1 day'`, href: "/frameworks", board: true, better: "less" },
  { id: "unproven", section: "controls", label: "Controls that prove nothing yet", unit: "controls", asks: "Controls that can't be measured or were never seen to fail", select: (of) => outcomes(of, ["unproven"]), href: "/frameworks", board: true, better: "less" },
  { id: "replayed", section: "evidence", label: "Decisions made again", unit: "decisions", asks: "Decisions of the month that the hourly sample made again from what was sealed", select: (of) => sql`select coalesce(sum(s.replayed), 0) as value from replay_sample s where s.org = ${of.org} and ${during(sql`s.at`, of)}`, href: "/evidence", board: false },
  { id: "mismatched", section: "evidence", label: "That came out otherwise", unit: "decisions", asks: "Of them, those that came out otherwise", select: (of) => sql`select coalesce(sum(s.replayed - s.same), 0) as value from replay_sample s where s.org = ${of.org} and ${during(sql`s.at`, of)}`, href: "/evidence", board: true, better: "less" },
  { id: "erasures", section: "evidence", label: "Erasures", unit: "erasures", asks: "Contents erased in the month, by request or by retention", select: (of) => sql`select count(*) as value from evidence_erasure e where e.org = ${of.org} and ${during(sql`e.erased_at`, of)}`, href: "/content", board: false },
];

export const unmeasured: readonly Unmeasured[] = [
  { id: "known", section: "calls", label: "Share of known AI traffic under control", why: "Nothing tells this installation yet how much AI traffic goes past it, so the share has no denominator.", board: true },
  { id: "money", section: "calls", label: "Spent", why: "Prices are stated by model and used for limits; what providers charged isn't imported.", board: true },
  { id: "people-told", section: "people", label: "People told that they deal with AI", why: "A notice is a document on record. Whether people saw it isn't measured.", board: false },
];

/** The question alone, one SELECT of one `value`: what anybody may put to the database again. */
export function questionOf(figure: Figure, period: Period): RawBuilder<unknown> {
  return "select" in figure ? figure.select(period) : sql`select ${figure.aggregate(period)} as value ${fromCalls(period)}`;
}

/** @returns by id; null where there was nothing to take a middle of */
export async function valuesOf(tx: Tx, asked: readonly Figure[], period: Period): Promise<ReadonlyMap<string, number | null>> {
  const ofCalls = asked.filter((figure) => "aggregate" in figure);
  const together = ofCalls.length === 0 ? [] : (await sql<{ values: readonly string[] }>`select array[${sql.join(ofCalls.map((figure) => sql`(${figure.aggregate(period)})::text`))}] as values ${fromCalls(period)}`.execute(tx)).rows[0]!.values;
  const values = new Map<string, number | null>(ofCalls.map((figure, at) => [figure.id, Number(together[at])]));
  for (const figure of asked) {
    if (values.has(figure.id)) continue;
    const { rows } = await sql<{ value: string | null }>`select q.value from (${questionOf(figure, period)}) as q`.execute(tx);
    values.set(figure.id, rows[0]?.value == null ? null : Number(rows[0].value));
  }
  return values;
}
