import { sql } from "kysely";
import type { ServerContext } from "../context/index.ts";
import type { Tx } from "../database/index.ts";
import type { Job } from "../jobs/index.ts";
import { notify } from "../notifications/index.ts";
import { loadDirectory } from "./directory.ts";
import { readApproval } from "./read.ts";
import type { ApprovalRecord } from "./read.ts";
import { isOpen, membersNow } from "./seats.ts";

/** Shares of a question's time after which those asked are reminded, and others told. */
const remindAfter = 0.5;
const escalateAfter = 0.8;
const batch = 200;

/**
 * Reminds, escalates to the governance leads, and tells the requester of a lapse. INVARIANT (G5): it decides nothing; a
 * lapsed question is refused whether this ran or not.
 */
export function approvalReminders(ctx: ServerContext): Job {
  return {
    name: "approval reminders",
    everyMs: 60_000,
    run: async () => {
      await ctx.transact(async (tx, record) => {
        const told = [...(await remind(tx, ctx)), ...(await escalate(tx, ctx)), ...(await tellLapsed(tx, ctx))];
        if (told.length > 0) record({ type: "notification", approvals: [...new Set(told.map((one) => one.approval))].slice(0, 100), payload: { told } });
      });
    },
  };
}

interface Told {
  readonly approval: string;
  readonly what: "reminded" | "escalated" | "lapsed";
}

/** Questions past `share` of their time whose `column` is still empty. */
async function due(tx: Tx, ctx: ServerContext, column: "reminded_at" | "escalated_at", share: number): Promise<ApprovalRecord[]> {
  const now = new Date(ctx.now());
  const { rows } = await sql<{ id: string }>`select id from approvals where org = ${ctx.org} and state = 'pending' and expires_at > ${now} and ${sql.ref(column)} is null
    and created_at + (expires_at - created_at) * ${share}::float8 <= ${now} order by expires_at limit ${batch} for update skip locked`.execute(tx);
  const found: ApprovalRecord[] = [];
  for (const { id } of rows) found.push((await readApproval(tx, ctx.org, id))!);
  return found;
}

async function remind(tx: Tx, ctx: ServerContext): Promise<Told[]> {
  const waiting = await due(tx, ctx, "reminded_at", remindAfter);
  const directory = await loadDirectory(tx, ctx.org, ctx.now(), waiting);
  for (const one of waiting) {
    const answered = new Set(one.signatures.map((signed) => signed.email));
    const members = one.approvers.filter((set) => isOpen(set, one.signatures)).flatMap((set) => membersNow(set, one.system, directory).map((member) => member.email));
    const delegates = directory.delegations.filter((delegation) => members.includes(delegation.from)).map((delegation) => delegation.to);
    await tell(tx, ctx, one, [...members, ...delegates].filter((email) => email !== one.requester && !answered.has(email)), "still waits for you");
    await sql`update approvals set reminded_at = ${new Date(ctx.now())} where org = ${ctx.org} and id = ${one.id}`.execute(tx);
  }
  return waiting.map((one) => ({ approval: one.id, what: "reminded" }));
}

async function escalate(tx: Tx, ctx: ServerContext): Promise<Told[]> {
  const waiting = await due(tx, ctx, "escalated_at", escalateAfter);
  const directory = await loadDirectory(tx, ctx.org, ctx.now(), waiting);
  const leads = directory.holders({ kind: "role", role: "governance-lead" }, null).map((one) => one.email);
  for (const one of waiting) {
    const owners = one.system === null ? [] : directory.holders({ kind: "owners" }, one.system).map((owner) => owner.email);
    await tell(tx, ctx, one, [...leads, ...owners], "is about to lapse, and nobody answered");
    await sql`update approvals set escalated_at = ${new Date(ctx.now())} where org = ${ctx.org} and id = ${one.id}`.execute(tx);
  }
  return waiting.map((one) => ({ approval: one.id, what: "escalated" }));
}

async function tell(tx: Tx, ctx: ServerContext, one: ApprovalRecord, to: readonly string[], what: string): Promise<void> {
  await notify(tx, ctx, {
    kind: "approval.reminder", thread: one.id, system: one.system, to, subject: `${one.system ?? "Mandate"}: ${one.action} ${what}`,
    lines: [`Answer by ${one.expiresAt.toISOString()}; without an answer it is refused.`], path: `/approve/${one.id}`,
  });
}

async function tellLapsed(tx: Tx, ctx: ServerContext): Promise<Told[]> {
  const now = new Date(ctx.now());
  const { rows } = await sql<{ id: string }>`update approvals set state = 'lapsed', lapse_told_at = ${now} where org = ${ctx.org} and id in (
    select id from approvals where org = ${ctx.org} and state in ('pending', 'lapsed') and expires_at <= ${now} and lapse_told_at is null limit ${batch}) returning id`.execute(tx);
  for (const { id } of rows) {
    const one = (await readApproval(tx, ctx.org, id))!;
    await notify(tx, ctx, {
      kind: "approval.decided", thread: id, system: one.system, to: one.requester === null ? [] : [one.requester], subject: `${one.system ?? "Mandate"}: ${one.action} lapsed, so it is refused`,
      lines: ["Nobody answered in time."], path: `/approve/${id}`,
    });
  }
  return rows.map(({ id }) => ({ approval: id, what: "lapsed" }));
}
