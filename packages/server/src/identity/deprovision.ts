import { AppError } from "@mandate/model";
import { sql } from "kysely";
import type { CommandContext, Departure, MutationEvidence } from "../command.ts";
import type { Tx } from "../database/index.ts";
import { administratorsOf } from "./passkey-reset.ts";
import { findPerson, personNotFound } from "./people.ts";

/** What else ends with a person: delegations, questions, and whatever later slices add. */
export type Departures = readonly Departure<Tx>[];

/**
 * Ends everything a person could act with, in the caller's transaction: sessions, tokens, links, service accounts' tokens
 * that answer to them, roles still asked for, and each departure given. Every request asks the database who calls, so the
 * next one is refused. Idempotent. For SCIM, which deactivates many at once.
 * @returns false when the person was deactivated already
 */
export async function deprovision(tx: Tx, ctx: CommandContext<Tx>, record: (evidence: MutationEvidence) => void, person: { readonly id: string; readonly email: string }, departures: Departures): Promise<boolean> {
  const now = new Date(ctx.now());
  const { rows } = await sql`update people set state = 'deactivated' where org = ${ctx.org} and id = ${person.id} and state <> 'deactivated' returning 1`.execute(tx);
  if (rows.length === 0) return false;
  await sql`update sessions set ended_at = ${now} where org = ${ctx.org} and person_id = ${person.id} and ended_at is null`.execute(tx);
  await sql`update api_tokens set revoked_at = ${now} where org = ${ctx.org} and person_id = ${person.id} and revoked_at is null`.execute(tx);
  await sql`update sign_in_links set used_at = ${now} where org = ${ctx.org} and person_id = ${person.id} and used_at is null`.execute(tx);
  await sql`update passkey_resets set ends_at = ${now} where org = ${ctx.org} and person_id = ${person.id} and used_at is null and ends_at > ${now}`.execute(tx);
  await sql`delete from person_roles where org = ${ctx.org} and person_id = ${person.id} and granted_at is null`.execute(tx);
  for (const depart of departures) await depart(tx, ctx, person, record);
  record({ type: "person", payload: { event: "deactivated", person: person.id, email: person.email, by: ctx.actor.id } });
  return true;
}

/** @throws AppError `identity.last_administrator` (409): someone has to be left who can let people in */
export async function deactivatePerson(ctx: CommandContext<Tx>, email: string, departures: Departures): Promise<void> {
  await ctx.transact(async (tx, record) => {
    const person = await findPerson(tx, ctx.org, email);
    if (person === undefined) throw personNotFound(email);
    const administrators = await administratorsOf(tx, ctx.org);
    if (ctx.actor.kind === "person" && administrators.length === 1 && administrators[0] === person.email) {
      throw new AppError({ code: "identity.last_administrator", status: 409, message: "This is the only administrator, so nobody could let anyone in afterwards.", remedies: [{ text: "Make somebody else an administrator first." }] });
    }
    await deprovision(tx, ctx, record, person, departures);
  });
}
