import { tierTerms } from "@mandate/frameworks";
import { AppError, newId } from "@mandate/model";
import type { Remedy, Tier } from "@mandate/model";
import { sql } from "kysely";
import type { MutationEvidence } from "../command.ts";
import type { ServerContext } from "../context/index.ts";
import type { Tx } from "../database/index.ts";
import { notify } from "../notifications/index.ts";
import { fixOf, kindOf } from "./kinds.ts";
import type { Severity } from "./kinds.ts";

/** `excepted`: an exception lets it stand, until its end. */
export const findingStates = ["open", "dismissed", "excepted", "closed"] as const;

export interface Finding {
  readonly id: string;
  /** What findings are grouped by: the kind, and the kind's title for people. */
  readonly cause: string;
  readonly causeTitle: string;
  readonly severity: Severity;
  readonly title: string;
  readonly detail: string;
  readonly system: string | null;
  readonly owner: string | null;
  readonly state: (typeof findingStates)[number];
  readonly openedAt: string;
  readonly due: string;
  /** Open past its due date, now. */
  readonly overdue: boolean;
  readonly fix: Remedy;
  readonly seen: number;
  readonly lastSeenAt: string;
  readonly dismissed: { readonly by: string; readonly reason: string; readonly until: string } | null;
  readonly excepted: { readonly exception: string; readonly by: readonly string[]; readonly until: string; readonly compensating: string } | null;
  readonly closed: { readonly at: string; readonly by: string; readonly how: string } | null;
}

interface FindingRow {
  id: string;
  kind: string;
  title: string;
  detail: string;
  system: string | null;
  owner: string | null;
  state: "open" | "dismissed" | "closed";
  exception: { id: string; by: string[]; until: string; compensating: string } | null;
  opened_at: Date;
  due_at: Date;
  seen: string;
  last_seen_at: Date;
  dismissed_by: string | null;
  dismissed_reason: string | null;
  dismissed_until: Date | null;
  severity: Severity;
  closed_at: Date | null;
  closed_by: string | null;
  closed_how: string | null;
}

/** A dismissal or an exception ends by itself: after its end the finding reads as open again, no job needed (G5). */
function fromRow(row: FindingRow, nowMs: number): Finding {
  const dismissed = row.state === "dismissed" && row.dismissed_until !== null && row.dismissed_until.getTime() > nowMs;
  const excepted = row.state !== "closed" && !dismissed && row.exception !== null ? row.exception : null;
  const state = row.state === "closed" ? "closed" : dismissed ? "dismissed" : excepted !== null ? "excepted" : "open";
  return {
    id: row.id,
    cause: row.kind,
    causeTitle: kindOf(row.kind).title,
    severity: row.severity,
    title: row.title,
    detail: row.detail,
    system: row.system,
    owner: row.owner,
    state,
    openedAt: row.opened_at.toISOString(),
    due: row.due_at.toISOString(),
    overdue: state === "open" && row.due_at.getTime() <= nowMs,
    fix: fixOf(row.kind, row.system),
    seen: Number(row.seen),
    lastSeenAt: row.last_seen_at.toISOString(),
    dismissed: dismissed ? { by: row.dismissed_by ?? "", reason: row.dismissed_reason ?? "", until: row.dismissed_until!.toISOString() } : null,
    excepted: excepted === null ? null : { exception: excepted.id, by: excepted.by, until: new Date(excepted.until).toISOString(), compensating: excepted.compensating },
    closed: row.state === "closed" && row.closed_at !== null ? { at: row.closed_at.toISOString(), by: row.closed_by ?? "", how: row.closed_how ?? "" } : null,
  };
}

/** The exception in force for a row of \`findings\`, or null. */
const exceptionNow = (now: Date) => sql`(select json_build_object('id', e.id, 'by', e.granted_by, 'until', e.ends_at, 'compensating', e.compensating) from exceptions e
  where e.org = findings.org and e.scope = 'finding' and e.target = findings.id and e.granted_at is not null and e.ended_at is null and e.ends_at > ${now} order by e.ends_at desc limit 1)`;

/** As the clock reads it. */
export const findingStateNow = (now: Date) => sql<string>`(case when state = 'closed' then 'closed' when state = 'dismissed' and dismissed_until > ${now} then 'dismissed' when ${exceptionNow(now)} is not null then 'excepted' else 'open' end)`;

export interface NewFinding {
  readonly key: string;
  readonly system: string | null;
  readonly kind: string;
  readonly title: string;
  readonly detail: string;
  readonly owner: string | null;
  /** Only where one of its kind is worse, or less bad, than the kind. */
  readonly severity?: Severity;
}

/** A finding is settled within its system's tier's days; one that concerns no system, within T1's. */
async function dueAt(tx: Tx, ctx: ServerContext, system: string | null, from: Date): Promise<Date> {
  const { rows } = await sql<{ tier: Tier }>`select tier from system_states where org = ${ctx.org} and system = ${system}`.execute(tx);
  return new Date(from.getTime() + tierTerms(rows[0]?.tier ?? "T1").triageDays * 86_400_000);
}

/**
 * Opens a finding or counts it again. Evidence is written when it opens, not each time it is seen: one caller can't
 * fill the log with it.
 */
export async function reportFinding(ctx: ServerContext, finding: NewFinding): Promise<void> {
  await ctx.transact((tx, record) => openFinding(tx, ctx, record, finding));
}

/** The same, in the transaction of what causes it. */
export async function openFinding(tx: Tx, ctx: ServerContext, record: (evidence: MutationEvidence) => void, finding: NewFinding): Promise<void> {
  const now = new Date(ctx.now());
  const id = newId("finding", ctx.now(), ctx.random);
  const due = await dueAt(tx, ctx, finding.system, now);
  const severity = finding.severity ?? kindOf(finding.kind).severity;
  const { rows } = await sql<{ id: string }>`insert into findings (org, id, key, system, kind, title, detail, state, owner, opened_at, due_at, last_seen_at, severity)
    values (${ctx.org}, ${id}, ${finding.key}, ${finding.system}, ${finding.kind}, ${finding.title}, ${finding.detail}, 'open', ${finding.owner}, ${now}, ${due}, ${now}, ${severity})
    on conflict (org, key) do update set state = 'open', title = excluded.title, detail = excluded.detail, owner = excluded.owner, opened_at = excluded.opened_at, due_at = excluded.due_at, last_seen_at = excluded.last_seen_at, seen = findings.seen + 1,
      severity = excluded.severity, closed_at = null, closed_by = null, closed_how = null, escalated_at = null
      where findings.state = 'closed' returning id`.execute(tx);
  for (const row of rows) record({ type: "finding", ...(finding.system === null ? {} : { system: finding.system }), payload: { event: row.id === id ? "opened" : "reopened", finding: row.id, kind: finding.kind, title: finding.title, detail: finding.detail } });
}

/** Closes the open findings of `kinds` whose cause is gone. Dismissed ones stay dismissed: their end is a person's word. */
export async function settleFindings(ctx: ServerContext, kinds: readonly string[], stillOpen: ReadonlySet<string>): Promise<void> {
  await ctx.transact(async (tx, record) => {
    const { rows } = await sql<{ id: string; system: string | null; kind: string }>`update findings set state = 'closed', last_seen_at = ${new Date(ctx.now())}, closed_at = ${new Date(ctx.now())}, closed_by = 'mandate', closed_how = 'its cause is gone'
      where org = ${ctx.org} and kind = any(${[...kinds]}) and state = 'open' and not (key = any(${[...stillOpen]})) returning id, system, kind`.execute(tx);
    for (const row of rows) record({ type: "finding", ...(row.system === null ? {} : { system: row.system }), payload: { event: "closed", finding: row.id, kind: row.kind, reason: "its cause is gone" } });
  });
}

/** Adds to the count of findings that are open already, without evidence: a count is not a decision. */
export async function countFindings(tx: Tx, org: string, seen: ReadonlyMap<string, number>, now: Date): Promise<void> {
  for (const [key, times] of seen) {
    await sql`update findings set seen = seen + ${times}, last_seen_at = ${now}, state = case when state = 'closed' then 'open' else state end where org = ${org} and key = ${key}`.execute(tx);
  }
}

export async function dismissFinding(ctx: ServerContext, id: string, reason: string, until: Date): Promise<Finding> {
  if (until.getTime() <= ctx.now() || until.getTime() > ctx.now() + 366 * 86_400_000) {
    throw new AppError({ code: "findings.end", status: 400, message: "A dismissal ends in the future, within a year.", remedies: [{ text: "Choose another until." }] });
  }
  return ctx.transact(async (tx, record) => {
    await mustBeAnother(tx, ctx, id);
    const { rows } = await sql<FindingRow>`update findings set state = 'dismissed', dismissed_by = ${ctx.actor.email ?? ctx.actor.id}, dismissed_reason = ${reason}, dismissed_until = ${until}
      where org = ${ctx.org} and id = ${id} and state <> 'closed' returning *, ${exceptionNow(new Date(ctx.now()))} as exception`.execute(tx);
    const row = rows[0];
    if (row === undefined) throw findingNotFound();
    record({ type: "finding", ...(row.system === null ? {} : { system: row.system }), payload: { event: "dismissed", finding: id, reason, until: until.toISOString(), by: ctx.actor.id } });
    return fromRow(row, ctx.now());
  });
}

/** Gives a finding to a person who is here. */
export async function assignFinding(ctx: ServerContext, id: string, owner: string, reason: string | null): Promise<Finding> {
  return ctx.transact(async (tx, record) => {
    const { rows: people } = await sql`select 1 from people where org = ${ctx.org} and email = ${owner} and state <> 'deactivated'`.execute(tx);
    if (people.length === 0) throw new AppError({ code: "findings.owner_unknown", status: 400, message: "Nobody who is here has this e-mail.", remedies: [{ text: "Name a person of the register.", command: "npx mandate person list" }] });
    const { rows } = await sql<FindingRow>`update findings set owner = ${owner}, assigned_by = ${ctx.actor.id} where org = ${ctx.org} and id = ${id} and state <> 'closed' returning *, ${exceptionNow(new Date(ctx.now()))} as exception`.execute(tx);
    const row = rows[0];
    if (row === undefined) throw findingNotFound();
    record({ type: "finding", ...(row.system === null ? {} : { system: row.system }), payload: { event: "assigned", finding: id, owner, reason, by: ctx.actor.id } });
    await notify(tx, ctx, { kind: "finding.opened", thread: id, system: row.system, to: [owner], subject: `A finding is yours: ${row.title}`, lines: [`Due ${row.due_at.toISOString().slice(0, 16).replace("T", " ")} UTC.`], path: "/findings" });
    return fromRow(row, ctx.now());
  });
}

/** Drawn so that another person looks: who attested it doesn't review it. */
async function mustBeAnother(tx: Tx, ctx: ServerContext, id: string): Promise<void> {
  const { rows } = await sql`select 1 from findings f join register_objects o on o.org = f.org and o.kind = 'AISystem' and o.name = f.system
    where f.org = ${ctx.org} and f.id = ${id} and f.kind = 'attestation.sampled' and ${ctx.actor.email} in (lower(o.spec -> 'owners' ->> 'business'), lower(o.spec -> 'owners' ->> 'technical'))`.execute(tx);
  if (rows.length > 0) throw new AppError({ code: "findings.own_attestation", status: 403, message: "You answer for this system, so another person reviews what was said of it.", remedies: [{ text: "Leave it to a governance lead." }] });
}

/** Somebody says how it was mended. Its check opens it again if it is still there. */
export async function closeFinding(ctx: ServerContext, id: string, how: string): Promise<Finding> {
  return ctx.transact(async (tx, record) => {
    await mustBeAnother(tx, ctx, id);
    const { rows } = await sql<FindingRow>`update findings set state = 'closed', closed_at = ${new Date(ctx.now())}, closed_by = ${ctx.actor.email ?? ctx.actor.id}, closed_how = ${how} where org = ${ctx.org} and id = ${id} and state <> 'closed' returning *, ${exceptionNow(new Date(ctx.now()))} as exception`.execute(tx);
    const row = rows[0];
    if (row === undefined) throw findingNotFound();
    record({ type: "finding", ...(row.system === null ? {} : { system: row.system }), payload: { event: "closed", finding: id, kind: row.kind, how, by: ctx.actor.id } });
    return fromRow(row, ctx.now());
  });
}

function findingNotFound(): AppError {
  return new AppError({ code: "findings.not_found", status: 404, message: "There is no open finding with this id.", remedies: [{ text: "List them with GET /api/v1/findings." }] });
}

export interface FindingFilter {
  readonly system?: string | undefined;
  readonly state?: string | undefined;
  readonly kind?: string | undefined;
  readonly owner?: string | undefined;
  readonly severity?: string | undefined;
  readonly overdue?: boolean | undefined;
}

function matching(filter: FindingFilter, now: Date) {
  const state = findingStateNow(now);
  const given = (value: string | undefined) => value ?? null;
  return sql`(${given(filter.system)}::text is null or system = ${given(filter.system)}) and (${given(filter.state)}::text is null or ${state} = ${given(filter.state)})
    and (${given(filter.kind)}::text is null or kind = ${given(filter.kind)}) and (${given(filter.owner)}::text is null or owner = ${given(filter.owner)})
    and (${given(filter.severity)}::text is null or severity = ${given(filter.severity)})
    and (${filter.overdue ?? null}::boolean is null or (${state} = 'open' and due_at <= ${now}) = ${filter.overdue ?? null})`;
}

export async function listFindings(tx: Tx, org: string, nowMs: number, page: FindingFilter & { cursor?: string | undefined; limit: number }): Promise<readonly Finding[]> {
  const { rows } = await sql<FindingRow>`select *, ${exceptionNow(new Date(nowMs))} as exception from findings where org = ${org} and (${page.cursor ?? null}::text is null or id < ${page.cursor ?? null})
    and ${matching(page, new Date(nowMs))} order by id desc limit ${page.limit}`.execute(tx);
  return rows.map((row) => fromRow(row, nowMs));
}

export async function countFindingsOpen(tx: Tx, org: string, nowMs: number): Promise<{ readonly open: number; readonly overdue: number }> {
  const now = new Date(nowMs);
  const { rows } = await sql<{ open: number; overdue: number }>`select count(*)::int as open, count(*) filter (where due_at <= ${now})::int as overdue from findings where org = ${org} and ${matching({ state: "open" }, now)}`.execute(tx);
  return rows[0] ?? { open: 0, overdue: 0 };
}

export async function findFinding(tx: Tx, org: string, nowMs: number, id: string): Promise<Finding> {
  const { rows } = await sql<FindingRow>`select *, ${exceptionNow(new Date(nowMs))} as exception from findings where org = ${org} and id = ${id}`.execute(tx);
  if (rows[0] === undefined) throw findingNotFound();
  return fromRow(rows[0], nowMs);
}
