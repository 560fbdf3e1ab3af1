import { sql } from "kysely";
import type { Tx } from "../database/index.ts";
import type { ChangeClass, Trigger } from "./triggers.ts";

/** One member that changed: old, new, and what of the authorization it touches is worked out when it is shown. */
export interface CaseChange {
  readonly class: ChangeClass;
  readonly trigger: Trigger;
  /** `tool:refunds.issue`, or a field such as `boundary.regions`. */
  readonly subject: string;
  readonly what: string;
  readonly old: unknown;
  readonly new: unknown;
}

export type Outcome = "reaffirmed" | "tightened" | "suspended" | "withdrawn";

export interface CaseSystem {
  readonly reassessment: string;
  /** Of its case. */
  readonly key: string;
  readonly system: string;
  readonly class: ChangeClass;
  readonly heldBy: "version" | "case";
  readonly differences: readonly string[];
  readonly changes: readonly CaseChange[];
  readonly openedAt: Date;
  readonly dueAt: Date | null;
  readonly authorization: string | null;
  readonly outcome: Outcome | null;
  readonly reason: string | null;
  readonly decidedBy: string | null;
  readonly decidedEmail: string | null;
  readonly decidedAt: Date | null;
}

export interface Case {
  readonly id: string;
  readonly key: string;
  readonly trigger: Trigger;
  readonly title: string;
  readonly subject: string;
  readonly class: ChangeClass;
  readonly state: "open" | "decided";
  readonly observedBy: string;
  readonly openedBy: string;
  readonly url: string | null;
  readonly openedAt: Date;
  readonly dueAt: Date | null;
  readonly decidedAt: Date | null;
}

export interface ChangeEvent {
  readonly id: string;
  readonly trigger: Trigger;
  readonly class: ChangeClass;
  readonly subject: string;
  readonly what: string;
  readonly old: unknown;
  readonly new: unknown;
  readonly observedBy: string;
  readonly reassessment: string | null;
  readonly at: Date;
}

const caseColumns = sql`id, key, trigger, title, subject, class, state, observed_by as "observedBy", opened_by as "openedBy", url, opened_at as "openedAt", due_at as "dueAt", decided_at as "decidedAt"`;
const systemColumns = sql`reassessment_id as reassessment, (select r.key from reassessments r where r.org = s.org and r.id = s.reassessment_id) as key, system, class, held_by as "heldBy", differences, changes, opened_at as "openedAt", due_at as "dueAt", authorization_id as "authorization", outcome, reason,
  decided_by as "decidedBy", decided_email as "decidedEmail", decided_at as "decidedAt"`;
const eventColumns = sql`id, trigger, class, subject, what, old, new, observed_by as "observedBy", reassessment_id as reassessment, at`;

export async function readCase(tx: Tx, org: string, id: string): Promise<Case | undefined> {
  const { rows } = await sql<Case>`select ${caseColumns} from reassessments where org = ${org} and id = ${id}`.execute(tx);
  return rows[0];
}

export async function openCaseByKey(tx: Tx, org: string, key: string): Promise<Case | undefined> {
  const { rows } = await sql<Case>`select ${caseColumns} from reassessments where org = ${org} and key = ${key} and state = 'open'`.execute(tx);
  return rows[0];
}

export interface CasePage {
  readonly cursor?: string | undefined;
  readonly limit: number;
  readonly state?: "open" | "decided" | undefined;
  readonly system?: string | undefined;
}

/** Newest first. */
export async function listCases(tx: Tx, org: string, page: CasePage): Promise<Case[]> {
  const [cursor, state, system] = [page.cursor ?? null, page.state ?? null, page.system ?? null];
  const { rows } = await sql<Case>`select ${caseColumns} from reassessments r where org = ${org} and (${cursor}::text is null or id < ${cursor}) and (${state}::text is null or state = ${state})
    and (${system}::text is null or exists (select 1 from reassessment_systems s where s.org = r.org and s.reassessment_id = r.id and s.system = ${system})) order by id desc limit ${page.limit}`.execute(tx);
  return rows;
}

/** Cases about any of these subjects, newest first. */
export async function casesAbout(tx: Tx, org: string, subjects: readonly string[], limit: number): Promise<Case[]> {
  const { rows } = await sql<Case>`select ${caseColumns} from reassessments where org = ${org} and subject = any(${[...subjects]}) order by id desc limit ${limit}`.execute(tx);
  return rows;
}

/** When a person last decided a case about each of these subjects. */
export async function lastDecided(tx: Tx, org: string, subjects: readonly string[]): Promise<Map<string, Date>> {
  const { rows } = await sql<{ subject: string; at: Date }>`select r.subject, max(s.decided_at) as at from reassessments r join reassessment_systems s on s.org = r.org and s.reassessment_id = r.id
    where r.org = ${org} and r.subject = any(${[...subjects]}) and s.outcome in ('reaffirmed', 'tightened', 'suspended') group by r.subject`.execute(tx);
  return new Map(rows.map((row) => [row.subject, row.at]));
}

/** Systems of these cases, by case then name. */
export async function systemsOf(tx: Tx, org: string, ids: readonly string[]): Promise<Map<string, CaseSystem[]>> {
  if (ids.length === 0) return new Map();
  const { rows } = await sql<CaseSystem>`select ${systemColumns} from reassessment_systems s where org = ${org} and reassessment_id = any(${[...ids]}) order by reassessment_id, system`.execute(tx);
  return Map.groupBy(rows, (row) => row.reassessment);
}

/** What is undecided, by system. */
export async function undecided(tx: Tx, org: string): Promise<Map<string, CaseSystem[]>> {
  const { rows } = await sql<CaseSystem>`select ${systemColumns} from reassessment_systems s where org = ${org} and outcome is null order by system, reassessment_id`.execute(tx);
  return Map.groupBy(rows, (row) => row.system);
}

/** What was undecided at a moment, by system. */
export async function undecidedAt(tx: Tx, org: string, at: Date): Promise<Map<string, CaseSystem[]>> {
  const { rows } = await sql<CaseSystem>`select ${systemColumns} from reassessment_systems s where org = ${org} and opened_at <= ${at} and (outcome is null or decided_at > ${at}) order by system, reassessment_id`.execute(tx);
  return Map.groupBy(rows, (row) => row.system);
}

export async function listEvents(tx: Tx, org: string, page: { readonly cursor?: string | undefined; readonly limit: number; readonly reassessment?: string | undefined; readonly id?: string }): Promise<ChangeEvent[]> {
  const [cursor, of, id] = [page.cursor ?? null, page.reassessment ?? null, page.id ?? null];
  const { rows } = await sql<ChangeEvent>`select ${eventColumns} from change_events where org = ${org} and (${cursor}::text is null or id < ${cursor}) and (${of}::text is null or reassessment_id = ${of}) and (${id}::text is null or id = ${id}) order by id desc limit ${page.limit}`.execute(tx);
  return rows;
}

/** The newest report about this subject says the same. */
export async function knowsChange(tx: Tx, org: string, change: { readonly subject: string; readonly what: string; readonly new: unknown }): Promise<boolean> {
  const { rows } = await sql<{ same: boolean }>`select (what = ${change.what} and new is not distinct from ${JSON.stringify(change.new ?? null)}::jsonb) as same from change_events where org = ${org} and subject = ${change.subject} and reassessment_id is null order by id desc limit 1`.execute(tx);
  return rows[0]?.same === true;
}

/** Stopping ones first, then those due soonest; recorded ones last. */
export async function openCases(tx: Tx, org: string, limit: number): Promise<Case[]> {
  const { rows } = await sql<Case>`select ${caseColumns} from reassessments where org = ${org} and state = 'open' order by class desc, due_at nulls last, id limit ${limit}`.execute(tx);
  return rows;
}
