import { AppError, approvingRoles, newId } from "@mandate/model";
import type { Role } from "@mandate/model";
import { sql } from "kysely";
import type { MutationEvidence } from "../command.ts";
import { refuseCooling } from "../cooling.ts";
import type { ServerContext } from "../context/index.ts";
import type { Tx } from "../database/index.ts";
import { notify } from "../notifications/index.ts";

/** An absence longer than this is a change of role. */
export const maxDelegationDays = 90;
const dayMs = 86_400_000;

export interface Delegation {
  readonly id: string;
  readonly from: string;
  readonly to: string;
  readonly reason: string;
  readonly starts: string;
  readonly ends: string;
  readonly state: "planned" | "active" | "ended";
  /** Signed with the absent person's passkey, so it reaches T3 as well. */
  readonly signed: boolean;
  /** Where the absent person signs it; null when it needs no signature. */
  readonly approval: string | null;
  readonly createdAt: string;
}

interface Row {
  id: string;
  from_email: string;
  to_email: string;
  from_person: string;
  reason: string;
  starts: Date;
  ends: Date;
  created_at: Date;
  signed_at: Date | null;
  approval_id: string | null;
  ended_at: Date | null;
}

function view(row: Row, nowMs: number): Delegation {
  const over = row.ended_at !== null || row.ends.getTime() <= nowMs;
  return {
    id: row.id, from: row.from_email, to: row.to_email, reason: row.reason, starts: row.starts.toISOString(), ends: (row.ended_at ?? row.ends).toISOString(),
    state: over ? "ended" : row.starts.getTime() > nowMs ? "planned" : "active", signed: row.signed_at !== null, approval: row.approval_id, createdAt: row.created_at.toISOString(),
  };
}

/** INVARIANT (G5): compared with the clock; no job ends a delegation. */
export async function activeDelegations(tx: Tx, org: string, nowMs: number): Promise<{ id: string; from: string; to: string; signed: boolean }[]> {
  const now = new Date(nowMs);
  const { rows } = await sql<Row>`select * from delegations where org = ${org} and ended_at is null and starts <= ${now} and ends > ${now} order by id`.execute(tx);
  return rows.map((row) => ({ id: row.id, from: row.from_email, to: row.to_email, signed: row.signed_at !== null }));
}

/** Newest first. */
export async function listDelegations(tx: Tx, org: string, nowMs: number, page: { readonly cursor?: string | undefined; readonly limit: number }): Promise<Delegation[]> {
  const { rows } = await sql<Row>`select * from delegations where org = ${org} and (${page.cursor ?? null}::text is null or id < ${page.cursor ?? ""}) order by id desc limit ${page.limit}`.execute(tx);
  return rows.map((row) => view(row, nowMs));
}

export interface NewDelegation {
  readonly to: string;
  readonly reason: string;
  readonly starts: Date;
  readonly ends: Date;
}

/** Opens the question by which the absent person signs with a passkey; injected, because approvals read delegations. */
export type AskToSign = (tx: Tx, ctx: ServerContext, record: (evidence: MutationEvidence) => void, delegation: { readonly id: string; readonly to: string; readonly starts: string; readonly ends: string; readonly reason: string }) => Promise<string>;

/** Names who answers while this person is away. Only oneself, only for a time, never an administrator. */
export function createDelegation(ctx: ServerContext, input: NewDelegation, askToSign: AskToSign): Promise<Delegation> {
  return ctx.transact(async (tx, record) => {
    const { actor } = ctx;
    if (actor.kind !== "person" || actor.email === null || actor.proof === "minted") throw no("delegations.not_oneself", "Only the person who is away names a delegate, with a session or token of their own.", "Sign in as yourself.");
    refuseCooling(actor);
    const held = actor.roles.filter((role) => (approvingRoles as readonly Role[]).includes(role));
    const to = input.to.toLowerCase();
    const { rows } = await sql<{ id: string; state: string; administers: boolean }>`select p.id, p.state, exists (select 1 from person_roles r where r.org = p.org and r.person_id = p.id and r.role = 'administrator') as administers
      from people p where p.org = ${ctx.org} and p.email = ${to}`.execute(tx);
    const delegate = rows[0];
    if (delegate === undefined || delegate.state === "deactivated") throw no("delegations.unknown_person", "The delegate isn't a registered person.", "Invite the person first.");
    if (delegate.id === actor.id) throw no("delegations.oneself", "You can't stand in for yourself.", "Name somebody else.");
    // Separation of duties: who makes people may not also answer for one.
    if (delegate.administers) throw no("delegations.administrator", "An administrator holds no approving role, not even for a while.", "Name somebody who doesn't administer.");
    const lengthMs = input.ends.getTime() - input.starts.getTime();
    if (input.ends.getTime() <= ctx.now() || lengthMs <= 0 || lengthMs > maxDelegationDays * dayMs || input.starts.getTime() > ctx.now() + 366 * dayMs) {
      throw new AppError({ code: "delegations.period", status: 400, message: `A delegation starts before it ends, ends in the future, and lasts ${maxDelegationDays} days at most.`, remedies: [{ text: "Choose other dates." }] });
    }
    const id = newId("delegation", ctx.now(), ctx.random);
    // It can't begin before it was made: that would date an answer back.
    const starts = new Date(Math.max(input.starts.getTime(), ctx.now()));
    const dated = { id, to, starts: starts.toISOString(), ends: input.ends.toISOString(), reason: input.reason };
    const approval = held.includes("authorizing-official") || held.includes("legal-reviewer") ? await askToSign(tx, ctx, record, dated) : null;
    await sql`insert into delegations (org, id, from_person, from_email, to_person, to_email, reason, starts, ends, created_at, approval_id)
      values (${ctx.org}, ${id}, ${actor.id}, ${actor.email}, ${delegate.id}, ${to}, ${input.reason}, ${starts}, ${input.ends}, ${new Date(ctx.now())}, ${approval})`.execute(tx);
    record({ type: "delegation", ...(approval === null ? {} : { approvals: [approval] }), payload: { event: "named", ...dated, from: actor.email, fromPerson: actor.id, toPerson: delegate.id, roles: actor.roles, proof: actor.proof } });
    await notify(tx, ctx, { kind: "delegation.granted", thread: id, system: null, to: [to, actor.email], subject: `${actor.email} is away and named ${to}`, lines: [`From ${dated.starts} to ${dated.ends}.`], path: "/approvals" });
    return (await readDelegation(tx, ctx, id))!;
  });
}

async function readDelegation(tx: Tx, ctx: ServerContext, id: string): Promise<Delegation | undefined> {
  const { rows } = await sql<Row>`select * from delegations where org = ${ctx.org} and id = ${id}`.execute(tx);
  return rows[0] === undefined ? undefined : view(rows[0], ctx.now());
}

/** Effect of the absent person's own passkey: from now on the delegation reaches T3. */
export async function delegationSigned(tx: Tx, ctx: ServerContext, approvalId: string): Promise<void> {
  await sql`update delegations set signed_at = ${new Date(ctx.now())} where org = ${ctx.org} and approval_id = ${approvalId} and ended_at is null`.execute(tx);
}

/** Ends it early: the absent person, the delegate who declines, or an administrator (stopping is always safe). */
export function endDelegation(ctx: ServerContext, id: string): Promise<Delegation> {
  return ctx.transact(async (tx, record) => {
    const found = await readDelegation(tx, ctx, id);
    if (found === undefined) throw new AppError({ code: "delegations.not_found", status: 404, message: "There is no delegation with this id.", remedies: [{ text: "List them with GET /api/v1/delegations." }] });
    const { actor } = ctx;
    if (actor.email !== found.from && actor.email !== found.to && !actor.roles.includes("administrator")) throw no("delegations.not_yours", "Only the two people it names, or an administrator, end a delegation.", "Ask one of them.");
    if (found.state === "ended") return found;
    await sql`update delegations set ended_at = ${new Date(ctx.now())}, ended_by = ${actor.id} where org = ${ctx.org} and id = ${id}`.execute(tx);
    record({ type: "delegation", payload: { event: "ended", id, from: found.from, to: found.to, by: actor.id } });
    return (await readDelegation(tx, ctx, id))!;
  });
}

function no(code: string, message: string, remedy: string): AppError {
  return new AppError({ code, status: 403, message, remedies: [{ text: remedy }] });
}
