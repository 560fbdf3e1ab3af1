import { AppError, newId } from "@mandate/model";
import type { RegisterFacts } from "@mandate/model";
import type { HoldRequest, HoldTicket, SpendResult } from "@mandate/gateway";
import { sql } from "kysely";
import type { ServerContext } from "../context/index.ts";
import type { MutationEvidence } from "../command.ts";
import type { Tx } from "../database/index.ts";
import { openApproval, ownersWithinMs } from "./open.ts";
import { countRefusal } from "./refusals.ts";
import type { ApproverSet } from "./seats.ts";
import { readApproval, stateAt } from "./read.ts";

/** Questions that may wait for one system at a time: an agent in a loop can't bury its approvers. */
export const maxPendingPerSystem = 200;

/** Seals what only the approver should read; opened again when the page is shown. */
export interface HoldSealing {
  seal(plain: string, context: string): Readonly<Record<string, unknown>>;
}

/**
 * Opens a hold for one exact call, or returns the ticket of the question that is open (or approved and unspent) for it.
 * @throws AppError `control_unavailable` (503) when too many wait already
 */
export async function openHold(ctx: ServerContext, hold: HoldRequest, facts: RegisterFacts, consoleUrl: string, sealing: HoldSealing): Promise<HoldTicket> {
  const system = facts.systems.find((one) => one.name === hold.system);
  const ticket = await ctx.transact(async (tx, record) => {
    const now = new Date(ctx.now());
    await sql`update approvals set state = 'lapsed' where org = ${ctx.org} and system = ${hold.system} and state = 'pending' and expires_at <= ${now}`.execute(tx);
    const { rows } = await sql<{ id: string; expires_at: Date }>`select id, expires_at from approvals where org = ${ctx.org} and system = ${hold.system} and call_hash = ${hold.callHash}
      and spent_at is null and state in ('pending', 'approved') and expires_at > ${now} limit 1`.execute(tx);
    if (rows[0] !== undefined) return { id: rows[0].id, expiresAt: rows[0].expires_at.toISOString() };
    const { rows: waiting } = await sql<{ count: string }>`select count(*) from approvals where org = ${ctx.org} and system = ${hold.system} and state = 'pending'`.execute(tx);
    if (Number(waiting[0]!.count) >= maxPendingPerSystem) {
      throw new AppError({
        code: "control_unavailable",
        status: 503,
        message: `${maxPendingPerSystem} held calls of this system wait already, so this one is refused.`,
        remedies: [{ text: "Answer the ones that wait, or let them lapse.", url: `${consoleUrl}/approvals` }],
      });
    }
    const id = newId("decision", ctx.now(), ctx.random);
    return openApproval(tx, ctx, record, {
      action: hold.action,
      system: hold.system,
      resource: hold.resource,
      tier: system?.tier ?? "T3",
      callHash: hold.callHash,
      reason: hold.reason,
      requester: hold.requester.toLowerCase(),
      rules: hold.rules,
      approvers: approverSets(hold),
      withinMs: Math.min(Math.max(hold.terms.withinSeconds, 1) * 1000, 30 * 86_400_000) || ownersWithinMs,
      context: {
        decisionId: hold.decisionId,
        credentialId: hold.credentialId,
        purpose: hold.request.purpose,
        labels: hold.request.labels,
        // Arguments name people and amounts: in the row they stand sealed.
        input: hold.input === null ? null : sealing.seal(JSON.stringify(hold.input), id),
        sealedAs: id,
      },
    });
  });
  return { ...ticket, url: `${consoleUrl}/approve/${ticket.id}` };
}

function approverSets(hold: HoldRequest): Omit<ApproverSet, "members">[] {
  const sets = hold.terms.approvers.length === 0 ? [{ group: "owners", count: 1 }] : hold.terms.approvers;
  return sets.map(({ group, count }) => ({ group, count, seat: group === "owners" ? { kind: "owners" } : { kind: "group", name: group } }));
}

/**
 * Spends an approval for exactly this call. INVARIANT: one UPDATE decides, so of two repeats at the same instant one
 * passes; the hash is part of its condition, so a changed call never reaches the approval at all. A yes that wasn't used
 * yet ends with the person who gave it.
 */
export async function spendApproval(ctx: ServerContext, id: string, callHash: string, system: string, consoleUrl: string): Promise<SpendResult> {
  return ctx.transact<SpendResult>(async (tx, record) => {
    const now = new Date(ctx.now());
    const { rows } = await sql<{ rules: string[] }>`update approvals set spent_at = ${now} where org = ${ctx.org} and id = ${id} and call_hash = ${callHash} and system = ${system}
      and state = 'approved' and spent_at is null and expires_at > ${now}
      and not exists (select from approval_signatures s join people p on p.org = s.org and p.id = s.person_id
        where s.org = ${ctx.org} and s.approval_id = ${id} and p.state = 'deactivated') returning rules`.execute(tx);
    if (rows[0] === undefined) return whyNot(tx, ctx, record, id, callHash, system, consoleUrl);
    const approval = (await readApproval(tx, ctx.org, id))!;
    const by = approval.signatures.filter((one) => one.choice === "approve").map((one) => one.email);
    record({ type: "approval", system, approvals: [id], payload: { event: "spent", digest: approval.digest, by } });
    return { state: "approved", rules: rows[0].rules, by };
  });
}

async function whyNot(tx: Tx, ctx: ServerContext, record: (evidence: MutationEvidence) => void, id: string, callHash: string, system: string, consoleUrl: string): Promise<SpendResult> {
  const approval = await readApproval(tx, ctx.org, id);
  // Another system's approval is as unknown as one that never was: a ticket's id must not be a way to ask about others.
  if (approval === undefined) return { state: "unknown", reason: null, ticket: null };
  const misuse = async (code: string): Promise<void> => countRefusal(tx, ctx, record, { approval: id, system: approval.system, who: `system:${system}`, code, detail: { callHash } });
  if (approval.system !== system) {
    await misuse("approvals.other_system");
    return { state: "unknown", reason: null, ticket: null };
  }
  const ticket = { id, url: `${consoleUrl}/approve/${id}`, expiresAt: approval.expiresAt.toISOString() };
  if (approval.callHash !== callHash) {
    await misuse("approvals.other_call");
    return { state: "mismatch", reason: null, ticket: null };
  }
  if (approval.spentAt !== null) {
    await misuse("approvals.spent");
    return { state: "spent", reason: null, ticket: null };
  }
  const state = stateAt(approval, ctx.now());
  if (state === "pending") return { state, reason: null, ticket };
  if (state === "refused") return { state, reason: approval.reason, ticket: null };
  return { state: "lapsed", reason: null, ticket: null };
}
