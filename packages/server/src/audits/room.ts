import { sql } from "kysely";
import type { Population, SampleMember, SampleScope } from "@mandate/ledger";
import { newId } from "@mandate/model";
import type { Role } from "@mandate/model";
import type { Actor } from "../command.ts";
import type { ServerContext } from "../context/index.ts";
import type { Tx } from "../database/index.ts";
import { auditEnded, auditNotFound, auditorOnly, operatorOnly, personNeeded } from "./errors.ts";
import { readRecords, recordsLogged } from "./records.ts";
import type { StoredRecord } from "./records.ts";

/** Answers for the systems: opens audits, sees them, answers in them. */
export const operators = ["business-owner", "technical-owner", "security-reviewer", "legal-reviewer", "governance-lead", "authorizing-official", "administrator"] as const satisfies readonly Role[];

export interface AuditSample {
  readonly draw: number;
  readonly value: string;
  readonly size: number;
  readonly at: string;
  readonly by: string;
  readonly members: readonly SampleMember[];
}

export interface AuditQuestion {
  readonly n: number;
  readonly text: string;
  /** The member of a sample that it is about. */
  readonly about: { readonly draw: number; readonly position: number } | null;
  readonly at: string;
  readonly by: string;
  readonly answers: readonly { readonly n: number; readonly text: string; readonly at: string; readonly by: string }[];
}

export interface AuditRoom extends SampleScope {
  readonly id: string;
  readonly title: string;
  readonly framework: string | null;
  readonly auditors: readonly string[];
  readonly external: boolean;
  readonly openedBy: string;
  readonly openedAt: string;
  readonly ends: string;
  readonly state: "open" | "ended" | "closed";
  readonly closed: { readonly at: string; readonly by: string; readonly reason: string } | null;
  readonly population: Population | null;
  readonly samples: readonly AuditSample[];
  readonly questions: readonly AuditQuestion[];
  /** What the log contradicts, in words; empty when every record is as it was written. */
  readonly altered: readonly string[];
}

interface OpenedBody {
  readonly title: string;
  readonly framework: string | null;
  readonly systems: readonly string[];
  readonly since: string | null;
  readonly until: string | null;
  readonly auditors: readonly { readonly person: string; readonly email: string }[];
  readonly external: boolean;
  readonly ends: string;
}

export type Part = "read" | "auditor" | "operator";

/**
 * Whether this person may do this in the room now. INVARIANT (G5): the end is compared with the clock here, for auditors and
 * for everybody's writing; those who answer for the systems read on, because the room is their evidence too.
 * @throws AppError `audits.not_found`, `audits.ended`, `audits.auditor_only`, `audits.operator_only`
 */
export async function enter(tx: Tx, org: string, audit: string, actor: Actor, nowMs: number, part: Part): Promise<{ readonly isAuditor: boolean }> {
  const { rows } = await sql<{ auditors: string[]; ends: Date; closed_at: Date | null }>`select auditors, ends, closed_at from audit_rooms where org = ${org} and audit = ${audit}`.execute(tx);
  const room = rows[0];
  const isAuditor = room?.auditors.includes(actor.id) === true;
  const isOperator = actor.roles.some((role) => (operators as readonly Role[]).includes(role)) || actor.scopedRoles?.some((one) => (operators as readonly Role[]).includes(one.role)) === true;
  // Somebody else's audit is nobody's business, its existence included.
  if (room === undefined || (!isAuditor && !isOperator)) throw auditNotFound();
  const endsMs = Math.min(room.ends.getTime(), room.closed_at?.getTime() ?? Number.POSITIVE_INFINITY);
  if (endsMs <= nowMs && (isAuditor || part !== "read")) throw auditEnded(new Date(endsMs).toISOString().slice(0, 10));
  if (part === "auditor" && !isAuditor) throw auditorOnly();
  if (part === "operator" && (isAuditor || !isOperator)) throw operatorOnly();
  if (part !== "read" && actor.kind !== "person" && actor.kind !== "bootstrap") throw personNeeded();
  return { isAuditor };
}

/** Whatever an outside auditor was let in for has ended: nothing here is open to them. @throws AppError `audits.ended` */
export async function refuseEndedAuditor(tx: Tx, org: string, actor: Actor, nowMs: number): Promise<void> {
  if (actor.kind !== "person" || actor.roles.length !== 1 || actor.roles[0] !== "auditor" || actor.scopedRoles !== undefined) return;
  const { rows } = await sql<{ last: Date | null; inside: boolean | null }>`select max(least(ends, coalesce(closed_at, ends))) as last, bool_or(not external) as inside from audit_rooms where org = ${org} and auditors @> array[${actor.id}]::text[]`.execute(tx);
  const { last, inside } = rows[0]!;
  if (last !== null && inside === false && last.getTime() <= nowMs) throw auditEnded(last.toISOString().slice(0, 10));
}

export async function readRoom(tx: Tx, org: string, audit: string, nowMs: number): Promise<AuditRoom> {
  const records = await readRecords(tx, org, audit);
  const first = records[0];
  if (first === undefined) throw auditNotFound();
  const opened = first.statement.body as unknown as OpenedBody;
  const of = (kind: string) => records.filter((one) => one.statement.kind === kind).map((one) => one.statement);
  const [end] = of("closed");
  const answers = of("answer");
  const population = (of("population")[0]?.body as unknown as Population | undefined) ?? null;
  return {
    id: audit,
    title: opened.title,
    framework: opened.framework,
    systems: opened.systems,
    since: opened.since,
    until: opened.until,
    auditors: opened.auditors.map((one) => one.email),
    external: opened.external,
    openedBy: first.statement.by.email,
    openedAt: first.statement.at,
    ends: opened.ends,
    state: end !== undefined ? "closed" : Date.parse(opened.ends) <= nowMs ? "ended" : "open",
    closed: end === undefined ? null : { at: end.at, by: end.by.email, reason: String(end.body["reason"]) },
    population,
    samples: of("sample").map(({ body, at, by }) => ({ ...(body as unknown as Omit<AuditSample, "at" | "by">), at, by: by.email })),
    questions: of("question").map(({ n, body, at, by }) => ({
      n,
      text: String(body["text"]),
      about: (body["about"] as AuditQuestion["about"] | undefined) ?? null,
      at,
      by: by.email,
      answers: answers.filter((one) => one.body["question"] === n).map((one) => ({ n: one.n, text: String(one.body["text"]), at: one.at, by: one.by.email })),
    })),
    altered: await contradictions(tx, org, audit, records),
  };
}

async function contradictions(tx: Tx, org: string, audit: string, records: readonly StoredRecord[]): Promise<readonly string[]> {
  const found = records.flatMap(({ statement, problem }, n) => (problem === null ? [] : [`Record ${n} (${statement.kind}): ${problem}.`]));
  const { rows } = await sql<{ log: string; seen: string }>`select log, min(seen) as seen from audit_records where org = ${org} and audit = ${audit} group by log`.execute(tx);
  let logged = 0;
  for (const row of rows) logged += await recordsLogged(tx, org, audit, row.log, Number(row.seen));
  if (logged > records.length) found.push(`The log holds ${logged} records, the room ${records.length}.`);
  // The rows that open the door are no record themselves: they must say what the first one does.
  const doors = await sql<{ auditors: string[]; ends: Date; external: boolean }>`select auditors, ends, external from audit_rooms where org = ${org} and audit = ${audit}`.execute(tx);
  const opened = records[0]?.statement.body as unknown as OpenedBody | undefined;
  const door = doors.rows[0];
  if (opened !== undefined && door !== undefined && (door.ends.toISOString() !== opened.ends || door.external !== opened.external || door.auditors.toSorted().join() !== opened.auditors.map((one) => one.person).toSorted().join()))
    found.push("Who may enter, or until when, is not what was recorded.");
  return found;
}

export interface AuditRead {
  readonly at: string;
  readonly by: string;
  readonly what: string;
}

/** INVARIANT: entry and row commit before what was asked for is shown, so that nobody reads in the room unseen. */
export async function noteRead(ctx: ServerContext, audit: string, what: string, system?: string): Promise<void> {
  await ctx.transact(async (tx, record) => {
    await sql`insert into audit_reads (org, audit, id, at, person, email, what) values (${ctx.org}, ${audit}, ${newId("request", ctx.now(), ctx.random)}, ${new Date(ctx.now())}, ${ctx.actor.id}, ${ctx.actor.email ?? ctx.actor.id}, ${what})`.execute(tx);
    record({ type: "evidence.read", ...(system === undefined ? {} : { system }), payload: { audit, read: what } });
  });
}

const shownReads = 500;

/** Newest first. */
export async function listReads(tx: Tx, org: string, audit: string): Promise<readonly AuditRead[]> {
  const { rows } = await sql<{ at: Date; email: string; what: string }>`select at, email, what from audit_reads where org = ${org} and audit = ${audit} order by id desc limit ${shownReads}`.execute(tx);
  return rows.map((row) => ({ at: row.at.toISOString(), by: row.email, what: row.what }));
}
