import { AppError, newId } from "@mandate/model";
import { sql } from "kysely";
import type { CommandContext } from "../command.ts";
import type { Tx } from "../database/index.ts";
import { reportFinding } from "../findings/index.ts";
import { notify } from "../notifications/index.ts";
import { everHadPasskey } from "../passkeys/index.ts";
import { administratorsOf, grantReset } from "./passkey-reset.ts";
import { findPerson, isApproving } from "./people.ts";
import { createSignInLink } from "./sign-in.ts";

/**
 * A way back in for whoever holds the machine: makes or restores one administrator and gives a link that works once.
 * INVARIANT: never for someone who approves or is asked to. Whoever holds the machine administers it; that must not be a
 * way to approve. It is an entry, a finding and a notice to everyone who administers or approves.
 * @returns the link's secret part
 */
export async function recoverAdministrator(ctx: CommandContext<Tx>, input: { readonly email: string; readonly name: string }): Promise<{ secret: string; expiresAt: string; created: boolean }> {
  const email = input.email.toLowerCase();
  const created = await ctx.transact(async (tx, record) => {
    const now = new Date(ctx.now());
    const known = await findPerson(tx, ctx.org, email);
    if (known?.state === "deactivated") throw refused("This person was deactivated.");
    if (known !== undefined && [...known.roles, ...known.pendingRoles].some(isApproving)) throw refused("This person holds an approving role, or is asked to, and an administrator holds none.");
    const id = known?.id ?? newId("person", ctx.now(), ctx.random);
    if (known === undefined) await sql`insert into people (org, id, email, name, state, created_at) values (${ctx.org}, ${id}, ${email}, ${input.name}, 'invited', ${now})`.execute(tx);
    await sql`insert into person_roles (org, person_id, role, granted_by, requested_at, granted_at) values (${ctx.org}, ${id}, 'administrator', ${ctx.actor.id}, ${now}, ${now})
      on conflict (org, person_id, role, scope) do update set granted_at = coalesce(person_roles.granted_at, excluded.granted_at)`.execute(tx);
    await sql`update sessions set ended_at = ${now} where org = ${ctx.org} and person_id = ${id} and ended_at is null`.execute(tx);
    if (await everHadPasskey(tx, ctx.org, id)) await grantReset(tx, ctx, { personId: id, approvalId: null });
    record({ type: "person", payload: { event: "recovered", person: id, email, created: known === undefined } });
    await notify(tx, ctx, {
      kind: "passkey.changed",
      thread: `recovery-${id}`,
      system: null,
      to: [...(await administratorsOf(tx, ctx.org)), ...(await approversOf(tx, ctx.org)), email],
      subject: `Access was recovered on the server's machine, for ${email}`,
      lines: ["Somebody with access to the machine made an administrator's sign-in link.", "It grants no approving role. If nobody announced this, treat the machine as taken over."],
      path: "/findings",
    });
    return known === undefined;
  });
  await reportFinding(ctx, {
    key: `recovered-${email}-${ctx.now()}`,
    system: null,
    kind: "access_recovered",
    title: `Access was recovered on the server's machine, for ${email}`,
    detail: "Somebody with access to the machine ran `mandate recover`. Confirm with them that it was meant, and look at what was done afterwards.",
    owner: null,
  });
  return { ...(await createSignInLink(ctx, email)), created };
}

async function approversOf(tx: Tx, org: string): Promise<readonly string[]> {
  const { rows } = await sql<{ email: string; role: string }>`select p.email, r.role from person_roles r join people p on p.org = r.org and p.id = r.person_id
    where r.org = ${org} and r.granted_at is not null and p.state = 'active'`.execute(tx);
  return rows.filter((row) => row.role !== "administrator" && row.role !== "developer" && row.role !== "auditor").map((row) => row.email);
}

function refused(message: string): AppError {
  return new AppError({ code: "identity.recover_refused", status: 409, message, remedies: [{ text: "Name another e-mail: a new person is made for it.", command: "npx mandate recover EMAIL" }] });
}
