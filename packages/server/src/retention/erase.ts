import { newId } from "@mandate/model";
import { sql } from "kysely";
import { openApproval } from "../approvals/index.ts";
import type { ApprovalEffect } from "../approvals/index.ts";
import type { ServerContext } from "../context/index.ts";
import type { Tx } from "../database/index.ts";
import { held, nothingThere, personNeeded } from "./errors.ts";
import { holdsOn } from "./holds.ts";
import { countIn, decisionsIn, keysIn } from "./scope.ts";
import type { ContentScope } from "./scope.ts";

const answerWithinMs = 7 * 86_400_000;

/** Backups of the wrapped keys end within this time (docs/evidence.md): after it nobody can bring the content back. */
export const keyBackupDays = 35;
/** Tables that open content and hold nothing else. */
export const keyTables = ["evidence_key", "evidence_kek"] as const;
/** Columns that open content among others, and what a copy that is kept longer holds in their stead: SQL by table and column. */
export const contentColumns: Readonly<Record<string, Readonly<Record<string, string>>>> = { approvals: { context: "context - 'input'" } };

export interface ErasureRequest {
  readonly scope: ContentScope;
  /** The law or request it rests on, for example `GDPR Art. 17, request 2026-117`. */
  readonly basis: string;
  readonly reason: string;
}

/**
 * Asks a second person to agree. Destroying evidence is what an attacker with one account would do, so nobody does it
 * alone (LEDGER, Threats: "evidence shredded as erasure").
 * @throws AppError `evidence.held` (409), `evidence.nothing_to_erase` (404)
 */
export async function askToErase(ctx: ServerContext, request: ErasureRequest): Promise<{ approval: string; expiresAt: string; entries: number; keys: number }> {
  const { actor } = ctx;
  if (actor.kind !== "person" || actor.email === null) throw personNeeded("An erasure is asked for by a person");
  return ctx.transact(async (tx, record) => {
    const { scope, basis, reason } = request;
    const found = await countIn(tx, ctx.org, scope);
    if (found.keys === 0) throw nothingThere();
    const holds = await holdsOn(tx, ctx.org, scope);
    if (holds.length > 0) throw held(holds);
    const legal = await reviewers(tx, ctx.org, actor.id);
    const system = scope.kind === "system" ? scope.system : null;
    const { id, expiresAt } = await openApproval(tx, ctx, record, {
      action: "evidence.erase",
      system,
      resource: nameOf(scope),
      tier: "T2",
      callHash: null,
      reason,
      requester: actor.email,
      requesterPerson: actor.id,
      rules: [],
      approvers: [legal ? { group: "legal reviewers", count: 1, seat: { kind: "role", role: "legal-reviewer" } } : { group: "holders of an approving role", count: 1, seat: { kind: "approvers" } }],
      withinMs: answerWithinMs,
      statement: { resource: nameOf(scope), scope: { ...scope }, basis, entries: found.entries },
    });
    record({ type: "evidence.erasure", ...(system === null ? {} : { system }), approvals: [id], payload: { event: "asked", scope, basis, reason, ...found } });
    return { approval: id, expiresAt, ...found };
  });
}

/** Effect of an approved `evidence.erase`: the keys are gone when the answer commits. */
export function eraseApproved(): ApprovalEffect {
  return async (tx, ctx, approval, record) => {
    // INVARIANT: the scope is the signed statement's, so nobody widens it between the question and the answer.
    const scope = approval.statement["scope"] as ContentScope;
    const holds = await holdsOn(tx, ctx.org, scope);
    if (holds.length > 0) throw held(holds);
    const basis = String(approval.statement["basis"]);
    const { tables, ...done } = await destroy(tx, ctx.org, scope);
    const now = ctx.now();
    const id = newId("erasure", now, ctx.random);
    const irrecoverableBy = new Date(now + keyBackupDays * 86_400_000);
    await sql`insert into evidence_erasure (org, id, kind, scope, basis, asked_by, approval, erased_at, irrecoverable_by, entries, keys, tables)
      values (${ctx.org}, ${id}, ${scope.kind}, ${JSON.stringify(scope)}::jsonb, ${basis}, ${approval.requester ?? ""}, ${approval.id}, ${new Date(now)}, ${irrecoverableBy}, ${done.entries}, ${done.keys}, ${tables}::text[])`.execute(tx);
    record({
      type: "evidence.erasure",
      ...(scope.kind === "system" ? { system: scope.system } : {}),
      approvals: [approval.id],
      payload: { event: "erased", erasure: id, scope, basis, askedBy: approval.requester, ...done, irrecoverableBy: irrecoverableBy.toISOString() },
    });
  };
}

/** Destroys keys and salts, and the sealed arguments of calls that were held. Running it again destroys what came back. */
export async function destroy(tx: Tx, org: string, scope: ContentScope): Promise<{ entries: number; keys: number; tables: string[] }> {
  await sql`UPDATE approvals a SET context = context - 'input' WHERE a.org = ${org} AND a.context ? 'input'
    AND (a.id IN (SELECT d.approval FROM decision d WHERE d.org = ${org} AND d.approval IS NOT NULL AND ${decisionsIn(scope)})
      OR a.context ->> 'decisionId' IN (SELECT d.id FROM decision d WHERE d.org = ${org} AND ${decisionsIn(scope)}))`.execute(tx);
  const { rows } = await sql<{ entries: number; keys: number; tables: string[] }>`WITH gone AS (DELETE FROM evidence_key k WHERE k.org = ${org} AND ${keysIn(scope, org)} RETURNING k.origin, k.index, k.tableoid)
    SELECT count(DISTINCT (origin, index))::int AS entries, count(*)::int AS keys, coalesce(array_agg(DISTINCT tableoid::regclass::text), '{}') AS tables FROM gone`.execute(tx);
  return rows[0]!;
}

/** What a person reads. The subject stays hidden: an erasure that named the person would keep what it forgets. */
export function nameOf(scope: ContentScope): string {
  switch (scope.kind) {
    case "subject":
      return `person ${scope.tag.slice(0, 8)}`;
    case "system":
      return `system ${scope.system}`;
    case "session":
      return `session ${scope.session}`;
    case "entry":
      return `entry ${scope.index} of ${scope.log}`;
  }
}

async function reviewers(tx: Tx, org: string, except: string): Promise<boolean> {
  const { rows } = await sql`select 1 from person_roles r join people p on p.org = r.org and p.id = r.person_id
    where r.org = ${org} and r.role = 'legal-reviewer' and r.granted_at is not null and p.state = 'active' and p.id <> ${except} limit 1`.execute(tx);
  return rows.length > 0;
}

export interface Erasure {
  readonly id: string;
  readonly kind: string;
  readonly what: string;
  readonly basis: string;
  readonly askedBy: string;
  readonly approval: string | null;
  readonly erasedAt: string;
  readonly irrecoverableBy: string;
  /** Null until the pages that held the keys are rewritten. */
  readonly shreddedAt: string | null;
  readonly entries: number;
  readonly keys: number;
}

/** Receipts, newest first. */
export async function listErasures(tx: Tx, org: string): Promise<Erasure[]> {
  const { rows } = await sql<{ id: string; kind: string; scope: ContentScope | { kind: "retention"; name: string }; basis: string; asked_by: string; approval: string | null; erased_at: Date; irrecoverable_by: Date; shredded_at: Date | null; entries: string; keys: string }>`
    select * from evidence_erasure where org = ${org} order by erased_at desc, id limit 1000`.execute(tx);
  return rows.map((row) => ({
    id: row.id,
    kind: row.kind,
    what: row.scope.kind === "retention" ? row.scope.name : nameOf(row.scope),
    basis: row.basis,
    askedBy: row.asked_by,
    approval: row.approval,
    erasedAt: row.erased_at.toISOString(),
    irrecoverableBy: row.irrecoverable_by.toISOString(),
    shreddedAt: row.shredded_at?.toISOString() ?? null,
    entries: Number(row.entries),
    keys: Number(row.keys),
  }));
}
