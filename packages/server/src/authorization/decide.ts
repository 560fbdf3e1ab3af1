import { AppError } from "@mandate/model";
import type { CommandContext } from "../command.ts";
import type { ApprovalEffect } from "../approvals/index.ts";
import type { Tx } from "../database/index.ts";
import { lockRegister, readObject } from "../registry/index.ts";
import type { StoredObject } from "../registry/index.ts";
import { mayStop, mustApproveThemselves, seatFor, seatsOf, vacantSeats } from "./approvers.ts";
import { authorizationUnknown, mayNot, systemUnknown, wrongState } from "./errors.ts";
import { putInForce } from "./grant.ts";
import type { RecordEvidence } from "./grant.ts";
import { inForceStates, openStates, readAuthorization, systemStates, updateAuthorization } from "./store.ts";
import type { Approver, Authorization } from "./store.ts";
import { authorizationView } from "./views.ts";
import type { AuthorizationView } from "./views.ts";

export interface Reason {
  readonly reason: string;
}

interface Opened {
  readonly authorization: Authorization;
  readonly system: StoredObject<"AISystem">;
}

async function open(tx: Tx, ctx: CommandContext<Tx>, id: string): Promise<Opened> {
  await lockRegister(tx, ctx.org, new Date(ctx.now()));
  const authorization = await readAuthorization(tx, ctx.org, id);
  if (!authorization) throw authorizationUnknown();
  const system = await readObject(tx, ctx.org, "AISystem", authorization.system);
  if (!system) throw systemUnknown();
  return { authorization, system: system as StoredObject<"AISystem"> };
}

function mustSay(reason: string): void {
  if (reason.trim() === "") throw new AppError({ code: "authorization.reason_missing", status: 400, message: "Give a reason: it stands in the record beside your name.", remedies: [{ text: "Add `reason`." }] });
}

/** Grants a seat; the last vacant one puts the authorization in force. */
export async function grantAuthorization(ctx: CommandContext<Tx>, id: string, input: Reason & { readonly conditions?: readonly unknown[] }): Promise<AuthorizationView> {
  mustSay(input.reason);
  return ctx.transact(async (tx, record) => {
    const opened = await open(tx, ctx, id);
    await mustApproveThemselves(tx, ctx);
    return grantSeat(tx, ctx, record, opened, seatFor(ctx, opened.authorization, opened.system.spec), input);
  });
}

async function grantSeat(tx: Tx, ctx: CommandContext<Tx>, record: RecordEvidence, { authorization, system }: Opened, seat: string, input: Reason & { readonly conditions?: readonly unknown[] }): Promise<AuthorizationView> {
  if (authorization.state !== "submitted" && authorization.state !== "in_review") throw wrongState(`This authorization is ${authorization.state}, so there is nothing to grant.`, "Promote or apply again to open a new one.");
  const state = (await systemStates(tx, ctx.org)).get(system.name);
  // INVARIANT (G6): what is granted is exactly the version that was shown.
  if (state?.digest !== authorization.versionDigest) throw wrongState("The system changed since this was submitted.", "Submit the version that is there now.");
  if (state.tier === "X") throw new AppError({ code: "authorization.prohibited", status: 403, message: "This practice is prohibited (Article 5), so nobody can authorize it.", remedies: [{ text: "Correct the intake if it is wrong; the change is recorded." }] });
  if (state.halt === "retired") throw wrongState("The system is retired.", "Register a new one.");
  const approvers: Approver[] = [...authorization.approvers, { person: ctx.actor.id, email: ctx.actor.email, role: seat, at: new Date(ctx.now()).toISOString(), reason: input.reason }];
  const conditions = [...authorization.conditions, ...(input.conditions ?? [])];
  if (vacantSeats({ ...authorization, approvers }).length === 0) {
    return authorizationView(await putInForce(tx, ctx, record, authorization, { approvers, conditions, reason: input.reason, role: seat }), ctx.now());
  }
  const next = await updateAuthorization(tx, ctx, authorization, { state: "in_review", approvers, conditions }, { reason: input.reason, role: seat });
  record({ type: "authorization", system: system.name, payload: { event: "approved", authorization: authorization.id, versionDigest: authorization.versionDigest, approvers, vacant: vacantSeats(next) } });
  return authorizationView(next, ctx.now());
}

/** Effect of an approved question with action `pilot`: its business owner accepted. */
export const pilotAccepted: ApprovalEffect = async (tx, ctx, approval, record) => {
  const id = String((approval.context as { authorization?: unknown }).authorization);
  const opened = await open(tx, ctx, id);
  await mustApproveThemselves(tx, ctx);
  await grantSeat(tx, ctx, record, opened, seatFor(ctx, opened.authorization, opened.system.spec), { reason: approval.reason ?? "accepted" });
};

/** (Re)submits a request about the version that is there now, with the actor as requester. */
export function submitAuthorization(ctx: CommandContext<Tx>, id: string, input: Reason): Promise<AuthorizationView> {
  return ctx.transact(async (tx, record) => {
    const { authorization } = await open(tx, ctx, id);
    if (!openStates.includes(authorization.state)) throw wrongState(`This authorization is ${authorization.state}.`, "Promote the system to open a new one.");
    const state = (await systemStates(tx, ctx.org)).get(authorization.system);
    const next = await updateAuthorization(
      tx, ctx, authorization,
      { state: "submitted", approvers: [], requester: ctx.actor.id, requesterEmail: ctx.actor.email, versionDigest: state?.digest ?? authorization.versionDigest, tier: state?.tier ?? authorization.tier },
      { reason: input.reason },
    );
    record({ type: "authorization", system: authorization.system, payload: { event: "submitted", authorization: id, versionDigest: next.versionDigest, requester: ctx.actor.id, reason: input.reason } });
    return authorizationView(next, ctx.now());
  });
}

export function requestChanges(ctx: CommandContext<Tx>, id: string, input: Reason): Promise<AuthorizationView> {
  return answer(ctx, id, "changes_requested", input);
}

export function denyAuthorization(ctx: CommandContext<Tx>, id: string, input: Reason): Promise<AuthorizationView> {
  return answer(ctx, id, "denied", input);
}

async function answer(ctx: CommandContext<Tx>, id: string, to: "changes_requested" | "denied", input: Reason): Promise<AuthorizationView> {
  mustSay(input.reason);
  return ctx.transact(async (tx, record) => {
    const { authorization, system } = await open(tx, ctx, id);
    await mustApproveThemselves(tx, ctx);
    if (!openStates.includes(authorization.state)) throw wrongState(`This authorization is ${authorization.state}, so there is nothing to decide.`, "Look at the system's current authorization.");
    const seat = seatsOf(ctx, system.spec).find((role) => vacantSeats({ ...authorization, approvers: [] }).includes(role));
    if (seat === undefined) throw mayNot("wrong_role", "You hold no role that decides this.", `Ask its ${vacantSeats({ ...authorization, approvers: [] }).join(" or ")}.`);
    const next = await updateAuthorization(tx, ctx, authorization, { state: to }, { reason: input.reason, role: seat });
    record({ type: "authorization", system: system.name, payload: { event: to, authorization: id, versionDigest: authorization.versionDigest, person: ctx.actor.id, role: seat, reason: input.reason } });
    return authorizationView(next, ctx.now());
  });
}

export async function revokeAuthorization(ctx: CommandContext<Tx>, id: string, input: Reason): Promise<AuthorizationView> {
  mustSay(input.reason);
  return ctx.transact(async (tx, record) => {
    const { authorization, system } = await open(tx, ctx, id);
    if (!mayStop(ctx, system.spec)) throw mayNot("wrong_role", "You hold no role that may revoke this.", "Ask one of its owners or an approver.");
    if (!inForceStates.includes(authorization.state)) throw wrongState(`This authorization is ${authorization.state}, so there is nothing to revoke.`, "Look at the system's current authorization.");
    const next = await updateAuthorization(tx, ctx, authorization, { state: "revoked" }, { reason: input.reason });
    record({ type: "authorization", system: system.name, payload: { event: "revoked", authorization: id, person: ctx.actor.id, reason: input.reason } });
    return authorizationView(next, ctx.now());
  });
}
