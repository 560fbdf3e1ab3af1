import { AppError, newId } from "@mandate/model";
import { sql } from "kysely";
import { openApproval } from "../approvals/index.ts";
import type { ApprovalEffect } from "../approvals/index.ts";
import type { CommandContext } from "../command.ts";
import type { Tx } from "../database/index.ts";
import { notify } from "../notifications/index.ts";
import { findPerson, personNotFound } from "./people.ts";

const answerWithinMs = 24 * 3_600_000;
const useWithinMs = 24 * 3_600_000;

/**
 * Asks a second administrator whether a person's passkeys may be replaced. The person is told at once: someone who has
 * lost nothing then knows that somebody tries.
 * @returns the approval's id
 */
export async function askForReset(ctx: CommandContext<Tx>, email: string, reason: string): Promise<{ approval: string; expiresAt: string }> {
  return ctx.transact(async (tx, record) => {
    const person = await findPerson(tx, ctx.org, email);
    if (person === undefined) throw personNotFound(email);
    const { actor } = ctx;
    if (actor.kind !== "person" || actor.email === null || actor.proof === "minted") throw twoPeople("Only an administrator who signed in as themselves can ask for this.");
    if (actor.id === person.id) throw twoPeople("A reset of your own passkeys is asked for by another administrator.");
    const others = (await administratorsOf(tx, ctx.org)).filter((one) => one !== actor.email && one !== person.email);
    if (others.length === 0) throw twoPeople("There is no second administrator who could confirm.");
    const { id, expiresAt } = await openApproval(tx, ctx, record, {
      action: "passkey.reset",
      system: null,
      resource: person.email,
      tier: "T2",
      callHash: null,
      reason,
      requester: actor.email,
      rules: [],
      approvers: [{ group: "administrators", count: 1, seat: { kind: "role", role: "administrator" }, members: others.map((one) => ({ email: one, role: "administrator" })) }],
      withinMs: answerWithinMs,
      statement: { person: person.id, asks: actor.id },
    });
    record({ type: "person", approvals: [id], payload: { event: "passkey.reset_asked", person: person.id, email: person.email, by: actor.id, reason } });
    await notify(tx, ctx, {
      kind: "passkey.changed",
      thread: `passkeys-${person.email}`,
      system: null,
      to: [person.email, ...others],
      subject: `A reset of the passkeys of ${person.email} was asked for`,
      lines: [`${actor.email} asked: ${reason}`, "A second administrator has to confirm within a day.", "If this is about you and you lost nothing, tell the administrators now."],
      path: `/approve/${id}`,
    });
    return { approval: id, expiresAt };
  });
}

/** Effect of an approved `passkey.reset`: leave to add one passkey, within a day. */
export const passkeyResetEffect: ApprovalEffect = async (tx, ctx, approval, record) => {
  const personId = String(approval.statement["person"]);
  if (ctx.actor.id === personId) throw twoPeople("A reset of your own passkeys is confirmed by somebody else.");
  await grantReset(tx, ctx, { personId, approvalId: approval.id });
  record({ type: "person", approvals: [approval.id], payload: { event: "passkey.reset_granted", person: personId, email: approval.resource, by: ctx.actor.id } });
  await notify(tx, ctx, {
    kind: "passkey.changed",
    thread: `passkeys-${approval.resource ?? ""}`,
    system: null,
    to: approval.resource === null ? [] : [approval.resource],
    subject: "Two administrators agreed to reset your passkeys",
    lines: ["The next sign-in link that an administrator makes for you lets you add one passkey, within a day. Your earlier passkeys end then.", "It signs nothing at T2 or above for 24 hours.", "If you didn't ask for this, tell the administrators now."],
    path: "/account",
  });
};

export async function grantReset(tx: Tx, ctx: CommandContext<Tx>, input: { readonly personId: string; readonly approvalId: string | null }): Promise<void> {
  const now = ctx.now();
  await sql`insert into passkey_resets (org, id, person_id, approval_id, granted_by, granted_at, ends_at)
    values (${ctx.org}, ${newId("passkey", now, ctx.random)}, ${input.personId}, ${input.approvalId}, ${ctx.actor.id}, ${new Date(now)}, ${new Date(now + useWithinMs)})`.execute(tx);
}

/** @returns the id of a leave that stands, locked, or undefined */
export async function takeReset(tx: Tx, org: string, personId: string, nowMs: number): Promise<string | undefined> {
  const { rows } = await sql<{ id: string }>`select id from passkey_resets where org = ${org} and person_id = ${personId} and used_at is null and ends_at > ${new Date(nowMs)} order by granted_at limit 1`.execute(tx);
  return rows[0]?.id;
}

export async function administratorsOf(tx: Tx, org: string): Promise<readonly string[]> {
  const { rows } = await sql<{ email: string }>`select p.email from person_roles r join people p on p.org = r.org and p.id = r.person_id
    where r.org = ${org} and r.role = 'administrator' and r.granted_at is not null and p.state = 'active' order by p.email`.execute(tx);
  return rows.map((row) => row.email);
}

function twoPeople(message: string): AppError {
  return new AppError({
    code: "identity.two_administrators",
    status: 403,
    message: `${message} Resetting passkeys takes two administrators.`,
    remedies: [{ text: "Invite a second administrator, or on the server's machine recover access.", command: "npx mandate recover EMAIL" }],
  });
}
