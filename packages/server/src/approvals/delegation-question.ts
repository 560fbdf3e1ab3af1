import type { AskToSign } from "../delegations/index.ts";
import { delegationSigned } from "../delegations/index.ts";
import type { ApprovalEffect } from "./decide.ts";
import { openApproval } from "./open.ts";

const withinMs = 7 * 86_400_000;

/**
 * Whoever decides at T3 signs a delegation with the passkey that T3 takes: a stolen token must not be able to name
 * its thief as delegate.
 */
export const askToSignDelegation: AskToSign = async (tx, ctx, record, delegation) => {
  const { id } = await openApproval(tx, ctx, record, {
    action: "delegation",
    system: null,
    resource: delegation.to,
    tier: "T3",
    callHash: null,
    reason: delegation.reason,
    requester: null,
    rules: [],
    approvers: [{ group: "the absent person", count: 1, seat: { kind: "person", email: ctx.actor.email! } }],
    withinMs,
    statement: { delegation: delegation.id, delegate: delegation.to, starts: delegation.starts, ends: delegation.ends },
  });
  return id;
};

export const delegationSignedEffect: ApprovalEffect = async (tx, ctx, approval, record) => {
  await delegationSigned(tx, ctx, approval.id);
  record({ type: "delegation", approvals: [approval.id], payload: { event: "signed", id: approval.statement["delegation"], delegate: approval.statement["delegate"] } });
};
