import { AppError } from "@mandate/model";
import { sql } from "kysely";
import type { ServerContext } from "../context/index.ts";
import type { Tx } from "../database/index.ts";
import type { ApprovalEffect } from "./decide.ts";
import { openApproval } from "./open.ts";

const withinMs = 7 * 86_400_000;

export interface Committee {
  readonly group: string;
  readonly members: readonly string[];
  readonly quorum: number;
  readonly approval: string;
  readonly appointedAt: string | null;
  readonly endedAt: string | null;
}

interface CommitteeRow extends Omit<Committee, "appointedAt" | "endedAt"> {
  readonly appointedAt: Date | null;
  readonly endedAt: Date | null;
}

export async function listCommittees(tx: Tx, org: string): Promise<Committee[]> {
  const { rows } = await sql<CommitteeRow>`select group_name as "group", members, quorum, approval_id as approval, appointed_at as "appointedAt", ended_at as "endedAt"
    from committees where org = ${org} order by approval_id desc limit 200`.execute(tx);
  return rows.map((row) => ({ ...row, appointedAt: row.appointedAt?.toISOString() ?? null, endedAt: row.endedAt?.toISOString() ?? null }));
}

/** The one that may decide in an authorizing official's place, or undefined. */
export async function committeeInForce(tx: Tx, org: string): Promise<{ readonly group: string; readonly quorum: number } | undefined> {
  const { rows } = await sql<{ group: string; quorum: number }>`select group_name as "group", quorum from committees where org = ${org} and appointed_at is not null and ended_at is null`.execute(tx);
  return rows[0];
}

/**
 * Asks the authorizing officials to appoint a group, as it is now, to decide T3 by quorum in their place. Once it
 * decides, a change of members or quorum needs a new appointment: groups come by manifest, approvers don't.
 */
export function proposeCommittee(ctx: ServerContext, group: string, reason: string): Promise<{ approval: string }> {
  return ctx.transact(async (tx, record) => {
    const { rows } = await sql<{ members: string[]; quorum: number | null }>`select spec->'members' as members, (spec->>'quorum')::int as quorum from register_objects
      where org = ${ctx.org} and kind = 'Group' and name = ${group}`.execute(tx);
    const found = rows[0];
    const members = [...new Set((found?.members ?? []).map((one) => one.toLowerCase()))].toSorted();
    if (found?.quorum == null || found.quorum < 2 || found.quorum > members.length || found.quorum * 2 <= members.length) {
      throw new AppError({ code: "approvals.no_committee", status: 409, message: "A committee is a group with a quorum of at least two and more than half of its members.", remedies: [{ text: "Set `quorum` in the group's manifest and apply it." }] });
    }
    const { id } = await openApproval(tx, ctx, record, {
      action: "committee.appoint",
      system: null,
      resource: `group:${group}`,
      tier: "T3",
      callHash: null,
      reason,
      requester: ctx.actor.email,
      requesterPerson: ctx.actor.id,
      rules: [],
      approvers: [{ group: "authorizing-official", count: 1, seat: { kind: "role", role: "authorizing-official" } }],
      withinMs,
      statement: { group, members, quorum: found.quorum },
    });
    await sql`insert into committees (org, group_name, members, quorum, approval_id) values (${ctx.org}, ${group}, ${members}, ${found.quorum}, ${id})`.execute(tx);
    return { approval: id };
  });
}

export const committeeAppointed: ApprovalEffect = async (tx, ctx, approval, record) => {
  const now = new Date(ctx.now());
  await sql`update committees set ended_at = ${now} where org = ${ctx.org} and appointed_at is not null and ended_at is null`.execute(tx);
  await sql`update committees set appointed_at = ${now} where org = ${ctx.org} and approval_id = ${approval.id}`.execute(tx);
  record({ type: "setting", approvals: [approval.id], payload: { event: "committee_appointed", group: approval.statement["group"], members: approval.statement["members"], quorum: approval.statement["quorum"] } });
};
