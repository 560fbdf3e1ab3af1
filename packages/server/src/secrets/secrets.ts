import { AppError } from "@mandate/model";
import type { UpstreamSecret } from "@mandate/gateway";
import { sql } from "kysely";
import type { ServerContext } from "../context/index.ts";
import type { Tx } from "../database/index.ts";
import { openValue, sealValue, secretContext } from "./envelope.ts";

/** What anyone may see of a sealed secret: never the value. */
export interface SecretSummary {
  readonly name: string;
  readonly hosts: readonly string[];
  readonly version: number;
  readonly changedAt: string;
}

interface SecretRow {
  name: string;
  hosts: string[];
  wrapped_key: Buffer;
  ciphertext: Buffer;
  version: number;
  changed_at: Date;
}

/** Seals a value for exactly these hosts. Each change, hosts included, needs the value again: it can't be read back. */
export async function putSecret(ctx: ServerContext, masterKey: Uint8Array, name: string, value: string, hosts: readonly string[]): Promise<SecretSummary> {
  const sorted = [...new Set(hosts.map((host) => host.toLowerCase()))].sort();
  return ctx.transact(async (tx, record) => {
    const now = new Date(ctx.now());
    const sealed = sealValue(masterKey, value, secretContext(ctx.org, name, sorted), ctx.random);
    const { rows } = await sql<{ version: number }>`insert into secrets (org, name, hosts, wrapped_key, ciphertext, version, changed_by, changed_at)
      values (${ctx.org}, ${name}, ${sorted}, ${Buffer.from(sealed.wrappedKey)}, ${Buffer.from(sealed.ciphertext)}, 1, ${ctx.actor.id}, ${now})
      on conflict (org, name) do update set hosts = excluded.hosts, wrapped_key = excluded.wrapped_key, ciphertext = excluded.ciphertext,
        version = secrets.version + 1, changed_by = excluded.changed_by, changed_at = excluded.changed_at returning version`.execute(tx);
    const version = rows[0]!.version;
    record({ type: "secret", payload: { event: "sealed", secret: name, hosts: sorted, version, by: ctx.actor.id } });
    return { name, hosts: sorted, version, changedAt: now.toISOString() };
  });
}

export async function deleteSecret(ctx: ServerContext, name: string): Promise<void> {
  await ctx.transact(async (tx, record) => {
    const { rows } = await sql<{ name: string }>`delete from secrets where org = ${ctx.org} and name = ${name} returning name`.execute(tx);
    if (rows.length === 0) throw new AppError({ code: "secrets.not_found", status: 404, message: "There is no secret with this name.", remedies: [{ text: "List them with GET /api/v1/secrets." }] });
    record({ type: "secret", payload: { event: "deleted", secret: name, by: ctx.actor.id } });
  });
}

export async function listSecrets(tx: Tx, org: string, page: { cursor?: string | undefined; limit: number }): Promise<readonly SecretSummary[]> {
  const { rows } = await sql<SecretRow>`select name, hosts, version, changed_at from secrets where org = ${org} and name > ${page.cursor ?? ""} order by name limit ${page.limit}`.execute(tx);
  return rows.map((row) => ({ name: row.name, hosts: row.hosts, version: row.version, changedAt: row.changed_at.toISOString() }));
}

/**
 * Every secret in clear, for the gateway of this process alone. One that doesn't open (another master key, an edited
 * row) is left out and named: its models then fail at the upstream call instead of sending something else.
 */
export async function openSecrets(tx: Tx, org: string, masterKey: Uint8Array): Promise<{ secrets: readonly UpstreamSecret[]; broken: readonly string[] }> {
  const { rows } = await sql<SecretRow>`select name, hosts, wrapped_key, ciphertext from secrets where org = ${org}`.execute(tx);
  const secrets: UpstreamSecret[] = [];
  const broken: string[] = [];
  for (const row of rows) {
    try {
      const value = openValue(masterKey, { wrappedKey: row.wrapped_key, ciphertext: row.ciphertext }, secretContext(org, row.name, row.hosts));
      secrets.push({ name: row.name, value, hosts: row.hosts });
    } catch {
      broken.push(row.name);
    }
  }
  return { secrets, broken };
}
