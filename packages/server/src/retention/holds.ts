import { newId } from "@mandate/model";
import { sql } from "kysely";
import type { ServerContext } from "../context/index.ts";
import type { Tx } from "../database/index.ts";
import { noHold, personNeeded } from "./errors.ts";
import { keysIn } from "./scope.ts";
import type { ContentScope } from "./scope.ts";

export interface LegalHold {
  readonly id: string;
  readonly scope: ContentScope;
  readonly basis: string;
  readonly placedBy: string;
  readonly placedAt: string;
  readonly releasedBy: string | null;
  readonly releasedAt: string | null;
  readonly releaseReason: string | null;
}

/** Keeps content from being erased or ended. Stopping destruction is safe, so one person suffices. */
export async function placeHold(ctx: ServerContext, scope: ContentScope, basis: string): Promise<string> {
  const id = newId("hold", ctx.now(), ctx.random);
  await ctx.transact(async (tx, record) => {
    await sql`insert into evidence_hold (org, id, kind, scope, basis, placed_by, placed_at)
      values (${ctx.org}, ${id}, ${scope.kind}, ${JSON.stringify(scope)}::jsonb, ${basis}, ${ctx.actor.email ?? ctx.actor.id}, ${new Date(ctx.now())})`.execute(tx);
    record({ type: "evidence.hold", ...(scope.kind === "system" ? { system: scope.system } : {}), payload: { event: "placed", hold: id, scope, basis } });
  });
  return id;
}

/** @throws AppError `evidence.no_hold` (404), `evidence.person_needed` (403) */
export async function releaseHold(ctx: ServerContext, id: string, reason: string): Promise<void> {
  if (ctx.actor.kind !== "person" || ctx.actor.proof === "minted") throw personNeeded("A hold is released by a person");
  await ctx.transact(async (tx, record) => {
    const { rows } = await sql<{ scope: ContentScope }>`update evidence_hold set released_by = ${ctx.actor.email ?? ctx.actor.id}, released_at = ${new Date(ctx.now())}, release_reason = ${reason}
      where org = ${ctx.org} and id = ${id} and released_at is null returning scope`.execute(tx);
    if (rows[0] === undefined) throw noHold(id);
    record({ type: "evidence.hold", payload: { event: "released", hold: id, scope: rows[0].scope, reason } });
  });
}

export async function listHolds(tx: Tx, org: string): Promise<LegalHold[]> {
  const { rows } = await sql<{ id: string; scope: ContentScope; basis: string; placed_by: string; placed_at: Date; released_by: string | null; released_at: Date | null; release_reason: string | null }>`
    select * from evidence_hold where org = ${org} order by placed_at desc, id limit 1000`.execute(tx);
  return rows.map((row) => ({
    id: row.id,
    scope: row.scope,
    basis: row.basis,
    placedBy: row.placed_by,
    placedAt: row.placed_at.toISOString(),
    releasedBy: row.released_by,
    releasedAt: row.released_at?.toISOString() ?? null,
    releaseReason: row.release_reason,
  }));
}

export async function activeHolds(tx: Tx, org: string): Promise<readonly { readonly id: string; readonly basis: string; readonly scope: ContentScope }[]> {
  const { rows } = await sql<{ id: string; basis: string; scope: ContentScope }>`select id, basis, scope from evidence_hold where org = ${org} and released_at is null order by id`.execute(tx);
  return rows;
}

/** Holds that keep something of this scope. */
export async function holdsOn(tx: Tx, org: string, scope: ContentScope): Promise<readonly { readonly id: string; readonly basis: string }[]> {
  const found: { id: string; basis: string }[] = [];
  for (const hold of await activeHolds(tx, org)) {
    const { rows } = await sql<{ any: boolean }>`SELECT EXISTS (SELECT FROM evidence_key k WHERE k.org = ${org} AND ${keysIn(scope, org)} AND ${keysIn(hold.scope, org)}) AS any`.execute(tx);
    if (rows[0]!.any) found.push({ id: hold.id, basis: hold.basis });
  }
  return found;
}
