import { AppError } from "@mandate/model";
import { sql } from "kysely";
import type { Actor } from "../command.ts";
import type { ServerContext } from "../context/index.ts";
import type { Tx } from "../database/index.ts";
import { approvalNotFound } from "./open.ts";
import type { ApproverSet } from "./open.ts";
import { readApproval, stateAt } from "./read.ts";
import type { ApprovalRecord } from "./read.ts";

/** What happens when a question of some action is approved; in the same transaction. */
export type ApprovalEffect = (tx: Tx, ctx: ServerContext, approval: ApprovalRecord, record: Parameters<Parameters<ServerContext["transact"]>[0]>[1]) => Promise<void>;

/** Why this actor can't decide, as an error to throw or to show; undefined when it can. */
export function cannotDecide(approval: ApprovalRecord, actor: Actor, nowMs: number): AppError | undefined {
  const state = stateAt(approval, nowMs);
  if (state !== "pending") {
    return new AppError({ code: "approvals.decided", status: 409, message: `This was ${state === "lapsed" ? "not answered in time" : state}; that stands.`, remedies: [{ text: "Repeat the call to ask again." }] });
  }
  if (actor.kind !== "person" || actor.email === null) {
    return refuse("approvals.not_a_person", "A service account approves nothing.", "Use a person's own token or session.");
  }
  if (actor.proof === "minted") {
    return refuse("approvals.minted_token", "This token was made by someone else, so it approves nothing.", "Sign in as yourself, or make your own token.");
  }
  if (actor.email === approval.requester) {
    return refuse("approvals.own_request", "You are accountable for the request, so you can't approve it.", "Ask one of the other approvers.");
  }
  if (!approval.approvers.some((set) => set.members.some((member) => member.email === actor.email))) {
    return refuse("approvals.not_routed", "This question wasn't routed to you.", `It went to ${approval.approvers.map((set) => set.group).join(", ")}.`);
  }
  if (approval.signatures.some((signature) => signature.email === actor.email)) {
    return new AppError({ code: "approvals.answered", status: 409, message: "You answered this already; another person's answer is needed.", remedies: [{ text: "Ask another approver." }] });
  }
  if (approval.tier === "T3" || approval.tier === "X") {
    return refuse("approvals.passkey_required", "At tier T3 an approval is signed with a passkey; a token or session isn't enough.", "Passkeys come with a later release of Mandate; until then a T3 hold can only be refused or lapse.");
  }
  return undefined;
}

function refuse(code: string, message: string, remedy: string): AppError {
  return new AppError({ code, status: 403, message, remedies: [{ text: remedy }] });
}

/** First set that contains the person and still lacks answers: one person never fills two seats. */
function seatFor(approval: ApprovalRecord, email: string): { set: ApproverSet; role: string } | undefined {
  for (const set of approval.approvers) {
    const member = set.members.find((one) => one.email === email);
    const filled = approval.signatures.filter((signature) => signature.choice === "approve" && signature.set === set.group).length;
    if (member !== undefined && filled < set.count) return { set, role: member.role };
  }
  return undefined;
}

function complete(approval: ApprovalRecord): boolean {
  return approval.approvers.every((set) => approval.signatures.filter((signature) => signature.choice === "approve" && signature.set === set.group).length >= set.count);
}

/**
 * Records one person's answer. A refusal ends the question at once; approval needs every set's count.
 */
export async function decideApproval(
  ctx: ServerContext,
  id: string,
  choice: "approve" | "refuse",
  reason: string,
  effects: Readonly<Record<string, ApprovalEffect>>,
): Promise<ApprovalRecord> {
  return ctx.transact(async (tx, record) => {
    // The row lock puts two approvers' answers in order, so that the second sees the first.
    const approval = await readApproval(tx, ctx.org, id, true);
    if (approval === undefined) throw approvalNotFound();
    const obstacle = cannotDecide(approval, ctx.actor, ctx.now());
    // Saying no needs less than saying yes: a weaker proof may stop a T3 call.
    if (obstacle !== undefined && !(choice === "refuse" && obstacle.code === "approvals.passkey_required")) throw obstacle;
    const seat = seatFor(approval, ctx.actor.email!) ?? { set: approval.approvers[0]!, role: "approver" };
    const now = new Date(ctx.now());
    await sql`insert into approval_signatures (org, approval_id, person_id, email, approver_set, role, kind, choice, reason, signed_at)
      values (${ctx.org}, ${id}, ${ctx.actor.id}, ${ctx.actor.email}, ${seat.set.group}, ${seat.role}, 'token', ${choice}, ${reason}, ${now})`.execute(tx);
    const signed = (await readApproval(tx, ctx.org, id))!;
    const state = choice === "refuse" ? "refused" : complete(signed) ? "approved" : "pending";
    await sql`update approvals set state = ${state}, reason = ${reason}, decided_at = ${state === "pending" ? null : now} where org = ${ctx.org} and id = ${id}`.execute(tx);
    record({
      type: "approval",
      ...(approval.system === null ? {} : { system: approval.system }),
      approvals: [id],
      payload: { event: choice === "approve" ? "approved" : "refused", state, digest: approval.digest, person: ctx.actor.id, email: ctx.actor.email, role: seat.role, roles: ctx.actor.roles, kind: "token", reason },
    });
    const decided = (await readApproval(tx, ctx.org, id))!;
    if (state === "approved") await effects[approval.action]?.(tx, ctx, decided, record);
    return decided;
  });
}
