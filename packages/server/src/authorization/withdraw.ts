import { sql } from "kysely";
import type { CommandContext } from "../command.ts";
import type { Tx } from "../database/index.ts";
import { updateAuthorization } from "./store.ts";
import type { Authorization } from "./store.ts";

/** Ends the question about a version that nobody will run; it counts as lapsed. */
export async function withdrawQuestion(tx: Tx, ctx: CommandContext<Tx>, request: Authorization): Promise<void> {
  if (request.approvalId === null) return;
  await sql`update approvals set state = 'lapsed', lapse_told_at = ${new Date(ctx.now())} where org = ${ctx.org} and id = ${request.approvalId} and state = 'pending'`.execute(tx);
}

export async function withdraw(tx: Tx, ctx: CommandContext<Tx>, request: Authorization | undefined, reason: string): Promise<void> {
  if (!request) return;
  await updateAuthorization(tx, ctx, request, { state: "superseded" }, { reason });
  await withdrawQuestion(tx, ctx, request);
}
