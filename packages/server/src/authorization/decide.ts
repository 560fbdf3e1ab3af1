import { AppError, tiers } from "@mandate/model";
import { decideApproval, openSets } from "../approvals/index.ts";
import type { AnswerInput, ApprovalHooks, ApprovalRecord, DecisionPorts } from "../approvals/index.ts";
import type { CommandContext } from "../command.ts";
import { parseConditions } from "../conditions/index.ts";
import type { Condition } from "../conditions/index.ts";
import type { Tx } from "../database/index.ts";
import { lockRegister, readObject } from "../registry/index.ts";
import type { StoredObject } from "../registry/index.ts";
import { mayStop } from "./approvers.ts";
import { askApprovers, openAuthorization } from "./ask.ts";
import { authorizationUnknown, mayNot, systemUnknown, wrongState } from "./errors.ts";
import { gatesOf, requireGates } from "./gating.ts";
import { putInForce } from "./grant.ts";
import { withdrawQuestion } from "./withdraw.ts";
import { authorizationsOf, inForceStates, openStates, readAuthorization, systemState, tierAt, updateAuthorization } from "./store.ts";
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

const authorizationOf = (approval: ApprovalRecord): string => String(approval.context["authorization"]);

/**
 * What an answer does to the authorization it is about. Every grant comes through here, whichever door was used.
 * INVARIANT (G6): what is granted is exactly the version, tier and terms that the signed statement holds.
 */
export const authorizationDecided: ApprovalHooks = {
  async before(tx, ctx, approval, choice) {
    const { authorization } = await open(tx, ctx, authorizationOf(approval));
    if (authorization.state !== "submitted" && authorization.state !== "in_review") throw wrongState(`This authorization is ${authorization.state}, so there is nothing to decide.`, "Promote or apply again to open a new one.");
    if (authorization.approvalId !== approval.id) throw wrongState("This question was replaced by a newer one.", "Answer the newer one.");
    if (choice === "refuse") return;
    const { statement } = approval;
    if (statement["authorization"] !== authorization.id || statement["versionDigest"] !== authorization.versionDigest || statement["tier"] !== authorization.tier) {
      throw wrongState("The request isn't the one that was shown.", "Submit it again.");
    }
    const state = await systemState(tx, ctx.org, authorization.system);
    if (state?.digest !== authorization.versionDigest) throw wrongState("The system changed since this was submitted.", "Submit the version that is there now.");
    if (state.tier === "X") throw new AppError({ code: "authorization.prohibited", status: 403, message: "This practice is prohibited (Article 5), so nobody can authorize it.", remedies: [{ text: "Correct the intake if it is wrong; the change is recorded." }] });
    // A tier that rose asks more people than were asked here.
    if (tiers.indexOf(state.tier) > tiers.indexOf(authorization.tier)) throw wrongState(`The system is ${state.tier} by now, and this was asked for ${authorization.tier}.`, "Submit it again.");
    if (state.halt === "retired") throw wrongState("The system is retired.", "Register a new one.");
  },
  async answered(tx, ctx, approval, record) {
    const { authorization } = await open(tx, ctx, authorizationOf(approval));
    const approvers = approversOf(approval);
    // A gate that was met when somebody asked may not be when somebody answers.
    await gatesOf(tx, ctx, authorization);
    await updateAuthorization(tx, ctx, authorization, { state: "in_review", approvers, needs: openSets(approval), conditions: conditionsOf(approval) }, { reason: approval.reason, role: approvers.at(-1)!.role });
    record({ type: "authorization", system: authorization.system, approvals: [approval.id], payload: { event: "approved", authorization: authorization.id, versionDigest: authorization.versionDigest, approvers } });
  },
  async approved(tx, ctx, approval, record) {
    const { authorization } = await open(tx, ctx, authorizationOf(approval));
    const approvers = approversOf(approval);
    const gates = await gatesOf(tx, ctx, authorization);
    await putInForce(tx, ctx, record, authorization, { approvers, conditions: conditionsOf(approval), gates, reason: approval.reason ?? "approved", role: approvers.at(-1)!.role });
  },
  async refused(tx, ctx, approval, record) {
    const { authorization } = await open(tx, ctx, authorizationOf(approval));
    const no = approval.signatures.findLast((one) => one.choice === "refuse")!;
    const to = no.terms.changes === true ? "changes_requested" : "denied";
    await updateAuthorization(tx, ctx, authorization, { state: to }, { reason: no.reason, role: no.role });
    record({ type: "authorization", system: authorization.system, approvals: [approval.id], payload: { event: to, authorization: authorization.id, versionDigest: authorization.versionDigest, person: no.personId, role: no.role, reason: no.reason } });
  },
};

/** More days for a pilot, as its approvers agreed. */
export const pilotExtended: ApprovalHooks = {
  async before(tx, ctx, approval, choice) {
    const { authorization } = await open(tx, ctx, authorizationOf(approval));
    if (choice === "approve" && (authorization.state === "reassessment_required" || !inForceStates.includes(authorization.state) || approval.statement["extension"] !== authorization.extensions + 1)) {
      throw wrongState("The pilot isn't the one that was to run longer.", "Ask again.");
    }
  },
  async approved(tx, ctx, approval, record) {
    const { authorization } = await open(tx, ctx, authorizationOf(approval));
    const ends = new Date(String((approval.statement["terms"] as { ends?: unknown }).ends));
    await updateAuthorization(tx, ctx, authorization, { ends, extensions: authorization.extensions + 1 }, { reason: approval.reason, role: approval.signatures.at(-1)!.role });
    record({ type: "authorization", system: authorization.system, approvals: [approval.id], payload: { event: "extended", authorization: authorization.id, extension: authorization.extensions + 1, ends: ends.toISOString(), approvers: approversOf(approval) } });
  },
};

/** Everyone who said yes, with the role held then. */
function approversOf(approval: ApprovalRecord): Approver[] {
  return approval.signatures.filter((one) => one.choice === "approve").map((one) => ({ person: one.personId, email: one.email, role: one.role, at: one.at, reason: one.reason }));
}

/** Each yes holds those before it; what it adds is judged by the clock of then. @throws AppError `authorization.condition` */
function conditionsOf(approval: ApprovalRecord): readonly Condition[] {
  const given = approval.signatures.filter((one) => one.choice === "approve").map((one) => ({ at: Date.parse(one.at), all: one.terms.conditions ?? [] }));
  return given.flatMap(({ at, all }, index) => parseConditions(all.slice(given[index - 1]?.all.length ?? 0), at));
}

/** One door of the two: finds the question about this authorization and answers it. */
async function answer(ctx: CommandContext<Tx>, id: string, input: AnswerInput, ports: DecisionPorts): Promise<AuthorizationView> {
  mustSay(input.reason);
  const authorization = await ctx.read((tx) => readAuthorization(tx, ctx.org, id));
  if (!authorization) throw authorizationUnknown();
  if (!openStates.includes(authorization.state) || authorization.approvalId === null) throw wrongState(`This authorization is ${authorization.state}, so there is nothing to decide.`, "Look at the system's current authorization.");
  await decideApproval(ctx, authorization.approvalId, input, ports);
  return authorizationView((await ctx.read((tx) => readAuthorization(tx, ctx.org, id)))!, ctx.now());
}

export type Answering = Omit<AnswerInput, "choice" | "changes">;

/** Says yes in the actor's seat; the last one puts the authorization in force. */
export function grantAuthorization(ctx: CommandContext<Tx>, id: string, input: Answering, ports: DecisionPorts): Promise<AuthorizationView> {
  return answer(ctx, id, { ...input, choice: "approve" }, ports);
}

export function requestChanges(ctx: CommandContext<Tx>, id: string, input: Answering, ports: DecisionPorts): Promise<AuthorizationView> {
  return answer(ctx, id, { ...input, choice: "refuse", changes: true }, ports);
}

export function denyAuthorization(ctx: CommandContext<Tx>, id: string, input: Answering, ports: DecisionPorts): Promise<AuthorizationView> {
  return answer(ctx, id, { ...input, choice: "refuse" }, ports);
}

/** (Re)submits a request about the version that is there now, with the actor as requester. */
export function submitAuthorization(ctx: CommandContext<Tx>, id: string, input: Reason): Promise<AuthorizationView> {
  return ctx.transact(async (tx, record) => {
    const { authorization, system } = await open(tx, ctx, id);
    const again = authorization.state === "denied" && authorization.type === "pilot" && (await authorizationsOf(tx, ctx.org, authorization.system)).every((one) => one.number <= authorization.number);
    if (again) {
      mustSay(input.reason);
      const now = await systemState(tx, ctx.org, authorization.system);
      return authorizationView(await openAuthorization(tx, ctx, record, { system, digest: now?.digest ?? authorization.versionDigest, type: "pilot", tier: now?.tier ?? authorization.tier, terms: authorization.terms, reason: input.reason }), ctx.now());
    }
    if (!openStates.includes(authorization.state)) throw wrongState(`This authorization is ${authorization.state}.`, "Promote the system to open a new one.");
    const state = await systemState(tx, ctx.org, authorization.system);
    if (authorization.type === "production" && state) await requireGates(tx, ctx, system, tierAt(state, ctx.now()), "production");
    await withdrawQuestion(tx, ctx, authorization);
    const next = await updateAuthorization(
      tx, ctx, authorization,
      { state: "submitted", approvers: [], conditions: [], requester: ctx.actor.id, requesterEmail: ctx.actor.email, versionDigest: state?.digest ?? authorization.versionDigest, tier: state?.tier ?? authorization.tier },
      { reason: input.reason },
    );
    record({ type: "authorization", system: authorization.system, payload: { event: "submitted", authorization: id, versionDigest: next.versionDigest, requester: ctx.actor.id, reason: input.reason } });
    return authorizationView(await askApprovers(tx, ctx, record, next, system, input.reason), ctx.now());
  });
}

export async function revokeAuthorization(ctx: CommandContext<Tx>, id: string, input: Reason): Promise<AuthorizationView> {
  mustSay(input.reason);
  return ctx.transact(async (tx, record) => {
    const { authorization, system } = await open(tx, ctx, id);
    if (!mayStop(ctx, system.spec, system.name)) throw mayNot("wrong_role", "You hold no role that may revoke this.", "Ask one of its owners or an approver.");
    if (!inForceStates.includes(authorization.state)) throw wrongState(`This authorization is ${authorization.state}, so there is nothing to revoke.`, "Look at the system's current authorization.");
    const next = await updateAuthorization(tx, ctx, authorization, { state: "revoked" }, { reason: input.reason });
    record({ type: "authorization", system: system.name, payload: { event: "revoked", authorization: id, person: ctx.actor.id, reason: input.reason } });
    return authorizationView(next, ctx.now());
  });
}
