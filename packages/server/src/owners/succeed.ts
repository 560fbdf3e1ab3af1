import { AppError } from "@mandate/model";
import { sql } from "kysely";
import type { ApprovalHooks } from "../approvals/index.ts";

/** A successor's yes ends the vacancy, when the manifest still names them. */
export const ownerSucceeds: ApprovalHooks = {
  approved: async (tx, ctx, approval, record) => {
    const seat = String(approval.statement["seat"]);
    const successor = String(approval.statement["successor"]);
    const { rows } = await sql<{ named: string | null }>`select lower(spec->'owners'->>${seat}) as named from register_objects where org = ${ctx.org} and kind = 'AISystem' and name = ${approval.system}`.execute(tx);
    if (rows[0]?.named !== successor) throw new AppError({ code: "owners.another_named", status: 409, message: "The manifest names somebody else by now, so there is nothing to follow.", remedies: [{ text: "Answer the question that names you, or ask who changed the manifest." }] });
    const ended = await sql<{ id: string }>`update owner_vacancies set ended_at = ${new Date(ctx.now())}, ended_why = 'succeeded' where org = ${ctx.org} and approval_id = ${approval.id} and ended_at is null returning id`.execute(tx);
    if (ended.rows.length === 0) return;
    record({ type: "authorization", system: approval.system!, approvals: [approval.id], payload: { event: "owner_succeeded", seat, owner: successor, follows: approval.statement["follows"] } });
  },
};
