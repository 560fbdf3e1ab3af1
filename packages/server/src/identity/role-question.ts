import { openApproval } from "../approvals/index.ts";
import type { ApprovalEffect } from "../approvals/index.ts";
import type { MutationEvidence } from "../command.ts";
import { grantWaitingRoles, someoneApproves } from "./people.ts";
import type { AskForRoles } from "./people.ts";

const withinMs = 7 * 86_400_000;

/**
 * Asks those who hold an approving role whether someone else may hold one. Where nobody is left who does, a second
 * administrator answers: one alone could have removed the holders to invent another.
 */
export const askHoldersForRoles: AskForRoles = async (tx, ctx, person, roles, record) => {
  const holders = await someoneApproves(tx, ctx.org);
  const { id } = await openApproval(tx, ctx, record, {
    action: "role.grant",
    system: null,
    resource: person.email,
    tier: "T2",
    callHash: null,
    reason: `Grant ${roles.join(", ")}.`,
    requester: holders ? person.email : ctx.actor.email,
    requesterPerson: holders ? person.id : ctx.actor.id,
    rules: [],
    approvers: [holders ? { group: "holders of an approving role", count: 1, seat: { kind: "approvers" } } : { group: "administrators", count: 1, seat: { kind: "role", role: "administrator" } }],
    withinMs,
    // The person can't answer about themselves, and whoever asked is named to those who can.
    statement: { person: person.id, roles: [...roles], askedBy: ctx.actor.email },
  });
  return id;
};

export const roleGrantEffect: ApprovalEffect = async (tx, ctx, approval, record) => {
  await grantWaitingRoles(tx, ctx.org, approval.id, new Date(ctx.now()));
  const evidence: MutationEvidence = { type: "person", approvals: [approval.id], payload: { event: "roles.granted", email: approval.resource, roles: approval.statement["roles"] } };
  record(evidence);
};
