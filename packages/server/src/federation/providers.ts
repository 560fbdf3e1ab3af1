import { AppError } from "@mandate/model";
import { sql } from "kysely";
import type { ServerContext } from "../context/index.ts";
import type { Tx } from "../database/index.ts";
import { openValue, sealValue } from "../secrets/index.ts";
import { providerUnknown } from "./errors.ts";

export interface IdentityProvider {
  readonly name: string;
  readonly title: string;
  readonly issuer: string;
  readonly clientId: string;
  readonly trustEmail: boolean;
  readonly hasSecret: boolean;
  readonly changedAt: string;
}

interface ProviderRow {
  name: string;
  title: string;
  issuer: string;
  client_id: string;
  sealed: { k: string; c: string } | null;
  trust_email: boolean;
  changed_at: Date;
}

const columns = sql`name, title, issuer, client_id, sealed, trust_email, changed_at`;

function fromRow(row: ProviderRow): IdentityProvider {
  return { name: row.name, title: row.title, issuer: row.issuer, clientId: row.client_id, trustEmail: row.trust_email, hasSecret: row.sealed !== null, changedAt: row.changed_at.toISOString() };
}

export async function listProviders(tx: Tx, org: string): Promise<readonly IdentityProvider[]> {
  const { rows } = await sql<ProviderRow>`select ${columns} from identity_providers where org = ${org} order by name limit 100`.execute(tx);
  return rows.map(fromRow);
}

async function readRow(tx: Tx, org: string, name: string): Promise<ProviderRow | undefined> {
  const { rows } = await sql<ProviderRow>`select ${columns} from identity_providers where org = ${org} and name = ${name}`.execute(tx);
  return rows[0];
}

/** INVARIANT (G8): the secret opens for this issuer alone, so a row pointed at another sends it nowhere. */
function contextOf(org: string, name: string, issuer: string): string {
  return JSON.stringify(["mandate.identity-provider/1", org, name, issuer]);
}

/** @throws AppError `federation.provider_unknown` */
export async function openProvider(tx: Tx, org: string, name: string, masterKey: Uint8Array): Promise<{ provider: IdentityProvider; secret: string | null }> {
  const row = await readRow(tx, org, name);
  if (row === undefined) throw providerUnknown();
  const { sealed } = row;
  const secret = sealed === null ? null : openValue(masterKey, { wrappedKey: Buffer.from(sealed.k, "base64"), ciphertext: Buffer.from(sealed.c, "base64") }, contextOf(org, name, row.issuer));
  return { provider: fromRow(row), secret };
}

export interface ProviderInput {
  readonly title: string;
  readonly issuer: string;
  readonly clientId: string;
  readonly secret?: string | undefined;
  readonly trustEmail: boolean;
}

export async function putProvider(ctx: ServerContext, masterKey: Uint8Array, name: string, input: ProviderInput): Promise<{ provider: IdentityProvider; created: boolean }> {
  return ctx.transact(async (tx, record) => {
    const known = await readRow(tx, ctx.org, name);
    if (input.secret === undefined && known?.sealed && known.issuer !== input.issuer) {
      throw new AppError({ code: "federation.secret_missing", status: 400, message: "It is another issuer now, so the client secret has to be given again.", remedies: [{ text: "Send `secret` with it." }] });
    }
    const fresh = input.secret === undefined ? null : sealValue(masterKey, input.secret, contextOf(ctx.org, name, input.issuer), ctx.random);
    const sealed = fresh === null ? (known?.sealed ?? null) : { k: Buffer.from(fresh.wrappedKey).toString("base64"), c: Buffer.from(fresh.ciphertext).toString("base64") };
    await sql`insert into identity_providers (org, name, title, issuer, client_id, sealed, trust_email, changed_by, changed_at)
      values (${ctx.org}, ${name}, ${input.title}, ${input.issuer}, ${input.clientId}, ${sealed === null ? null : JSON.stringify(sealed)}::jsonb, ${input.trustEmail}, ${ctx.actor.id}, ${new Date(ctx.now())})
      on conflict (org, name) do update set title = excluded.title, issuer = excluded.issuer, client_id = excluded.client_id, sealed = excluded.sealed, trust_email = excluded.trust_email, changed_by = excluded.changed_by, changed_at = excluded.changed_at`.execute(tx);
    record({ type: "setting", payload: { event: known === undefined ? "identity-provider.created" : "identity-provider.changed", name, issuer: input.issuer, clientId: input.clientId, trustEmail: input.trustEmail, by: ctx.actor.id } });
    return { provider: fromRow((await readRow(tx, ctx.org, name))!), created: known === undefined };
  });
}

/** Its identities stay linked: what signs in is gone, who they were isn't. */
export async function deleteProvider(ctx: ServerContext, name: string): Promise<void> {
  await ctx.transact(async (tx, record) => {
    const { rows } = await sql<{ issuer: string }>`delete from identity_providers where org = ${ctx.org} and name = ${name} returning issuer`.execute(tx);
    if (rows[0] === undefined) throw providerUnknown();
    record({ type: "setting", payload: { event: "identity-provider.removed", name, issuer: rows[0].issuer, by: ctx.actor.id } });
  });
}
