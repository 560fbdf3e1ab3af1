import { AppError } from "@mandate/model";
import { sql } from "kysely";
import type { ServerContext } from "../context/index.ts";
import { reportFinding } from "../findings/index.ts";

/**
 * Records a refused signature in a transaction of its own, because the one it was offered in is undone. A copied
 * passkey is blocked here, at once and for good.
 * @param error what `verifyPersonAssertion` raised; anything else is left alone
 */
export async function noteRefusedAssertion(ctx: ServerContext, about: { readonly credentialId: string; readonly for: string }, error: unknown): Promise<void> {
  if (!(error instanceof AppError) || (error.code !== "passkeys.assertion" && error.code !== "passkeys.counter")) return;
  const copied = error.code === "passkeys.counter";
  const passkey = await ctx.transact(async (tx, record) => {
    const { rows } = await sql<{ id: string; person_id: string; email: string }>`select k.id, k.person_id, p.email from passkeys k join people p on p.org = k.org and p.id = k.person_id
      where k.org = ${ctx.org} and k.credential_id = ${about.credentialId} and k.removed_at is null`.execute(tx);
    const found = rows[0];
    // An id nobody enrolled is noise that anyone can make; it isn't kept one by one.
    if (found === undefined) return undefined;
    if (copied) await sql`update passkeys set blocked_at = coalesce(blocked_at, ${new Date(ctx.now())}) where org = ${ctx.org} and id = ${found.id}`.execute(tx);
    record({ type: "person", payload: { event: copied ? "passkey.blocked" : "passkey.refused", person: found.person_id, passkey: found.id, by: ctx.actor.id, for: about.for, why: error.internal ?? error.message } });
    return found;
  });
  if (!copied || passkey === undefined) return;
  await reportFinding(ctx, {
    key: `passkey-copied-${passkey.id}`,
    system: null,
    kind: "passkey_copied",
    title: `A passkey of ${passkey.email} may have been copied`,
    detail: "Its counter went backward, which happens when two authenticators hold one key. It is blocked; what it signed before stands and should be looked at.",
    owner: passkey.email,
  });
}
