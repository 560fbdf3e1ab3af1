import { approvingRoles } from "@mandate/model";
import { sql } from "kysely";
import { openApproval } from "../approvals/index.ts";
import type { ApprovalEffect } from "../approvals/index.ts";
import type { Tx } from "../database/index.ts";
import type { MutationEvidence } from "../command.ts";
import { grantWaitingRoles } from "./people.ts";
import type { AskForRoles } from "./people.ts";

const withinMs = 7 * 86_400_000;

/** Asks those who hold an approving role whether someone else may hold one. */
export const askHoldersForRoles: AskForRoles = async (tx, ctx, person, roles, record) => {
  const holders = await approvingHolders(tx, ctx.org);
  const { id } = await openApproval(tx, ctx, record, {
    action: "role.grant",
    system: null,
    resource: person.email,
    tier: "T2",
    callHash: null,
    reason: `Grant ${roles.join(", ")}.`,
    requester: person.email,
    rules: [],
    approvers: [{ group: "holders of an approving role", count: 1, members: holders.filter((one) => one.email !== person.email) }],
    withinMs,
    statement: { person: person.id, roles: [...roles] },
  });
  return id;
};

async function approvingHolders(tx: Tx, org: string): Promise<{ email: string; role: string }[]> {
  const { rows } = await sql<{ email: string; role: string }>`select p.email, min(r.role) as role from person_roles r join people p on p.org = r.org and p.id = r.person_id
    where r.org = ${org} and r.role = any(${[...approvingRoles]}) and r.granted_at is not null and p.state <> 'deactivated' group by p.email order by p.email`.execute(tx);
  return rows;
}

export const roleGrantEffect: ApprovalEffect = async (tx, ctx, approval, record) => {
  await grantWaitingRoles(tx, ctx.org, approval.id, new Date(ctx.now()));
  const evidence: MutationEvidence = { type: "person", approvals: [approval.id], payload: { event: "roles.granted", email: approval.resource, roles: approval.statement["roles"] } };
  record(evidence);
};
