import { AppError, newId } from "@mandate/model";
import { sql } from "kysely";
import type { ServerContext } from "../context/index.ts";
import type { Tx } from "../database/index.ts";
import { followOwners } from "./follow.ts";

export interface Absence {
  readonly id: string;
  readonly email: string;
  readonly starts: string;
  readonly ends: string | null;
  readonly reason: string;
}

const longestMs = 366 * 86_400_000;

/** Says that somebody is away. Their own word, or of those who govern or administer. */
export async function recordAbsence(ctx: ServerContext, input: { readonly email: string; readonly starts?: string | undefined; readonly ends?: string | undefined; readonly reason: string }): Promise<Absence> {
  requireSay(ctx, input.email);
  const starts = new Date(input.starts ?? ctx.now());
  const ends = input.ends === undefined ? null : new Date(input.ends);
  if (ends !== null && (ends.getTime() <= Math.max(ctx.now(), starts.getTime()) || ends.getTime() > ctx.now() + longestMs)) throw new AppError({ code: "owners.absence_end", status: 400, message: "An absence ends after it starts, in the future, within a year.", remedies: [{ text: "Choose another end, or leave it out." }] });
  return ctx.transact(async (tx, record) => {
    const { rows } = await sql`select 1 from people where org = ${ctx.org} and email = ${input.email} and state <> 'deactivated'`.execute(tx);
    if (rows.length === 0) throw new AppError({ code: "owners.person_unknown", status: 404, message: "Nobody who is here has this e-mail.", remedies: [{ text: "List people.", command: "npx mandate person list" }] });
    await sql`update absences set ended_at = ${new Date(ctx.now())} where org = ${ctx.org} and email = ${input.email} and ended_at is null`.execute(tx);
    const id = newId("object", ctx.now(), ctx.random);
    await sql`insert into absences (org, id, email, starts, ends, reason, by_id, at) values (${ctx.org}, ${id}, ${input.email}, ${starts}, ${ends}, ${input.reason}, ${ctx.actor.id}, ${new Date(ctx.now())})`.execute(tx);
    record({ type: "person", payload: { event: "absent", absence: id, email: input.email, starts: starts.toISOString(), ends: ends?.toISOString() ?? null, reason: input.reason, by: ctx.actor.id } });
    await followOwners(tx, ctx, record);
    return { id, email: input.email, starts: starts.toISOString(), ends: ends?.toISOString() ?? null, reason: input.reason };
  });
}

export async function endAbsence(ctx: ServerContext, email: string): Promise<void> {
  requireSay(ctx, email);
  await ctx.transact(async (tx, record) => {
    const { rows } = await sql<{ id: string }>`update absences set ended_at = ${new Date(ctx.now())} where org = ${ctx.org} and email = ${email} and ended_at is null returning id`.execute(tx);
    if (rows[0] === undefined) throw new AppError({ code: "owners.not_absent", status: 404, message: "No absence of this person is written down.", remedies: [{ text: "Nothing is left to do." }] });
    record({ type: "person", payload: { event: "back", absence: rows[0].id, email, by: ctx.actor.id } });
    await followOwners(tx, ctx, record);
  });
}

export async function listAbsences(tx: Tx, org: string, nowMs: number): Promise<readonly Absence[]> {
  const { rows } = await sql<{ id: string; email: string; starts: Date; ends: Date | null; reason: string }>`select id, email, starts, ends, reason from absences where org = ${org} and ended_at is null and (ends is null or ends > ${new Date(nowMs)}) order by starts limit 500`.execute(tx);
  return rows.map((row) => ({ ...row, starts: row.starts.toISOString(), ends: row.ends?.toISOString() ?? null }));
}

function requireSay(ctx: ServerContext, email: string): void {
  if (ctx.actor.email === email || ctx.actor.roles.some((role) => role === "governance-lead" || role === "administrator")) return;
  throw new AppError({ code: "owners.not_yours", status: 403, message: "An absence is written down by the person, a governance lead or an administrator.", remedies: [{ text: "Ask one of them." }] });
}
