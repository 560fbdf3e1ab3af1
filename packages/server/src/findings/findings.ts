import { AppError, newId } from "@mandate/model";
import { sql } from "kysely";
import type { ServerContext } from "../context/index.ts";
import type { Tx } from "../database/index.ts";

export interface Finding {
  readonly id: string;
  readonly cause: string;
  readonly title: string;
  readonly detail: string;
  readonly system: string | null;
  readonly owner: string | null;
  readonly state: "open" | "dismissed" | "closed";
  readonly openedAt: string;
  readonly due: string;
  readonly seen: number;
  readonly lastSeenAt: string;
  readonly dismissed: { readonly by: string; readonly reason: string; readonly until: string } | null;
}

interface FindingRow {
  id: string;
  kind: string;
  title: string;
  detail: string;
  system: string | null;
  owner: string | null;
  state: Finding["state"];
  opened_at: Date;
  due_at: Date;
  seen: string;
  last_seen_at: Date;
  dismissed_by: string | null;
  dismissed_reason: string | null;
  dismissed_until: Date | null;
}

/** A dismissal ends by itself: after its end the finding reads as open again, no job needed (G5). */
function fromRow(row: FindingRow, nowMs: number): Finding {
  const dismissed = row.state === "dismissed" && row.dismissed_until !== null && row.dismissed_until.getTime() > nowMs;
  return {
    id: row.id,
    cause: row.kind,
    title: row.title,
    detail: row.detail,
    system: row.system,
    owner: row.owner,
    state: row.state === "dismissed" && !dismissed ? "open" : row.state,
    openedAt: row.opened_at.toISOString(),
    due: row.due_at.toISOString(),
    seen: Number(row.seen),
    lastSeenAt: row.last_seen_at.toISOString(),
    dismissed: dismissed ? { by: row.dismissed_by ?? "", reason: row.dismissed_reason ?? "", until: row.dismissed_until!.toISOString() } : null,
  };
}

export interface NewFinding {
  readonly key: string;
  readonly system: string | null;
  readonly kind: string;
  readonly title: string;
  readonly detail: string;
  readonly owner: string | null;
}

const dueMs = 14 * 86_400_000;

/**
 * Opens a finding or counts it again. Evidence is written when it opens, not each time it is seen: one caller can't
 * fill the log with it.
 */
export async function reportFinding(ctx: ServerContext, finding: NewFinding): Promise<void> {
  await ctx.transact(async (tx, record) => {
    const now = new Date(ctx.now());
    const id = newId("finding", ctx.now(), ctx.random);
    const { rows } = await sql<{ id: string }>`insert into findings (org, id, key, system, kind, title, detail, state, owner, opened_at, due_at, last_seen_at)
      values (${ctx.org}, ${id}, ${finding.key}, ${finding.system}, ${finding.kind}, ${finding.title}, ${finding.detail}, 'open', ${finding.owner}, ${now}, ${new Date(ctx.now() + dueMs)}, ${now})
      on conflict (org, key) do update set state = 'open', title = excluded.title, detail = excluded.detail, owner = excluded.owner, opened_at = excluded.opened_at, due_at = excluded.due_at, last_seen_at = excluded.last_seen_at, seen = findings.seen + 1
        where findings.state = 'closed' returning id`.execute(tx);
    for (const row of rows) record({ type: "finding", ...(finding.system === null ? {} : { system: finding.system }), payload: { event: row.id === id ? "opened" : "reopened", finding: row.id, kind: finding.kind, title: finding.title, detail: finding.detail } });
  });
}

/** Closes the open findings of `kinds` whose cause is gone. Dismissed ones stay dismissed: their end is a person's word. */
export async function settleFindings(ctx: ServerContext, kinds: readonly string[], stillOpen: ReadonlySet<string>): Promise<void> {
  await ctx.transact(async (tx, record) => {
    const { rows } = await sql<{ id: string; system: string | null; kind: string }>`update findings set state = 'closed', last_seen_at = ${new Date(ctx.now())}
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
    const { rows } = await sql<FindingRow>`update findings set state = 'dismissed', dismissed_by = ${ctx.actor.email ?? ctx.actor.id}, dismissed_reason = ${reason}, dismissed_until = ${until}
      where org = ${ctx.org} and id = ${id} and state <> 'closed' returning *`.execute(tx);
    const row = rows[0];
    if (row === undefined) throw findingNotFound();
    record({ type: "finding", ...(row.system === null ? {} : { system: row.system }), payload: { event: "dismissed", finding: id, reason, until: until.toISOString(), by: ctx.actor.id } });
    return fromRow(row, ctx.now());
  });
}

function findingNotFound(): AppError {
  return new AppError({ code: "findings.not_found", status: 404, message: "There is no open finding with this id.", remedies: [{ text: "List them with GET /api/v1/findings." }] });
}

export async function listFindings(tx: Tx, org: string, nowMs: number, page: { cursor?: string | undefined; limit: number; system?: string | undefined; state?: string | undefined }): Promise<readonly Finding[]> {
  const now = new Date(nowMs);
  const { rows } = await sql<FindingRow>`select * from findings where org = ${org} and (${page.cursor ?? null}::text is null or id < ${page.cursor ?? null})
    and (${page.system ?? null}::text is null or system = ${page.system ?? null})
    and (${page.state ?? null}::text is null or (case when state = 'dismissed' and dismissed_until <= ${now} then 'open' else state end) = ${page.state ?? null})
    order by id desc limit ${page.limit}`.execute(tx);
  return rows.map((row) => fromRow(row, nowMs));
}

export async function findFinding(tx: Tx, org: string, nowMs: number, id: string): Promise<Finding> {
  const { rows } = await sql<FindingRow>`select * from findings where org = ${org} and id = ${id}`.execute(tx);
  if (rows[0] === undefined) throw findingNotFound();
  return fromRow(rows[0], nowMs);
}
