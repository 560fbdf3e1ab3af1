import { newId } from "@mandate/model";
import { sql } from "kysely";
import type { MutationEvidence } from "../command.ts";
import type { ServerContext } from "../context/index.ts";
import type { Tx } from "../database/index.ts";
import { linkedElsewhere, notLinked } from "./errors.ts";

export interface ExternalIdentity {
  readonly id: string;
  readonly issuer: string;
  readonly subject: string;
  readonly linkedBy: "invitation" | "account" | "provisioning";
  readonly linkedAt: string;
  readonly lastUsedAt: string | null;
}

/** What a provider says of somebody, once its signature holds. */
export interface Claims {
  readonly issuer: string;
  readonly subject: string;
  readonly email: string | null;
  readonly emailVerified: boolean;
}

type Record = (evidence: MutationEvidence) => void;

export async function identitiesOf(tx: Tx, org: string, personId: string): Promise<readonly ExternalIdentity[]> {
  const { rows } = await sql<{ id: string; issuer: string; subject: string; linked_by: ExternalIdentity["linkedBy"]; linked_at: Date; last_used_at: Date | null }>`
    select id, issuer, subject, linked_by, linked_at, last_used_at from external_identities where org = ${org} and person_id = ${personId} order by linked_at limit 50`.execute(tx);
  return rows.map((row) => ({ id: row.id, issuer: row.issuer, subject: row.subject, linkedBy: row.linked_by, linkedAt: row.linked_at.toISOString(), lastUsedAt: row.last_used_at?.toISOString() ?? null }));
}

async function personOf(tx: Tx, org: string, issuer: string, subject: string): Promise<string | undefined> {
  const { rows } = await sql<{ person_id: string }>`select person_id from external_identities where org = ${org} and issuer = ${issuer} and subject = ${subject}`.execute(tx);
  return rows[0]?.person_id;
}

/** Ties an identity to a person. @throws AppError `federation.linked_elsewhere` (409) when it is somebody else's */
export async function linkIdentity(tx: Tx, ctx: ServerContext, record: Record, claims: Pick<Claims, "issuer" | "subject">, personId: string, by: ExternalIdentity["linkedBy"]): Promise<void> {
  const known = await personOf(tx, ctx.org, claims.issuer, claims.subject);
  if (known === personId) return;
  if (known !== undefined) throw linkedElsewhere();
  await sql`insert into external_identities (org, id, issuer, subject, person_id, linked_by, linked_at)
    values (${ctx.org}, ${newId("object", ctx.now(), ctx.random)}, ${claims.issuer}, ${claims.subject}, ${personId}, ${by}, ${new Date(ctx.now())})`.execute(tx);
  record({ type: "person", payload: { event: "identity.linked", person: personId, issuer: claims.issuer, by } });
}

export async function unlinkIdentity(ctx: ServerContext, personId: string, id: string): Promise<boolean> {
  return ctx.transact(async (tx, record) => {
    const { rows } = await sql<{ issuer: string }>`delete from external_identities where org = ${ctx.org} and person_id = ${personId} and id = ${id} returning issuer`.execute(tx);
    if (rows[0] === undefined) return false;
    record({ type: "person", payload: { event: "identity.unlinked", person: personId, issuer: rows[0].issuer, by: ctx.actor.id } });
    return true;
  });
}

/**
 * Who signs in. INVARIANT: issuer and subject decide. An e-mail counts once, to take an invitation that nobody took
 * yet, at a provider whose verified addresses the organization trusts; somebody who is here already links by being
 * signed in, because an address may have been handed on.
 */
export async function whoSignsIn(tx: Tx, ctx: ServerContext, record: Record, claims: Claims, trustEmail: boolean): Promise<{ personId: string; invitation: boolean }> {
  const known = await personOf(tx, ctx.org, claims.issuer, claims.subject);
  if (known !== undefined) {
    await sql`update external_identities set last_used_at = ${new Date(ctx.now())} where org = ${ctx.org} and issuer = ${claims.issuer} and subject = ${claims.subject}`.execute(tx);
    return { personId: known, invitation: false };
  }
  if (!trustEmail || !claims.emailVerified || claims.email === null) throw notLinked();
  const { rows } = await sql<{ id: string }>`select id from people where org = ${ctx.org} and email = ${claims.email.toLowerCase()} and state = 'invited' for update`.execute(tx);
  if (rows[0] === undefined) throw notLinked();
  await linkIdentity(tx, ctx, record, claims, rows[0].id, "invitation");
  return { personId: rows[0].id, invitation: true };
}
