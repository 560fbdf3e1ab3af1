import { AppError, newId } from "@mandate/model";
import { sql } from "kysely";
import { bearerHash, bearerHint, bearerKind, newBearer } from "../bearer.ts";
import type { Actor, CommandContext, Departure } from "../command.ts";
import type { Tx } from "../database/index.ts";
import type { ServiceScope } from "../http/index.ts";

export interface ServiceAccount {
  readonly id: string;
  readonly name: string;
  /** E-mail of the person who answers for it. */
  readonly owner: string;
  readonly scopes: readonly string[];
  readonly tokenDays: number;
  readonly createdAt: string;
  readonly tokens: readonly { readonly id: string; readonly hint: string; readonly notAfter: string; readonly lastUsedAt: string | null }[];
}

export async function listServiceAccounts(tx: Tx, org: string, nowMs: number): Promise<readonly ServiceAccount[]> {
  const { rows } = await sql<{ id: string; name: string; owner: string; scopes: string[]; token_days: number; created_at: Date }>`select a.id, a.name, p.email as owner, a.scopes, a.token_days, a.created_at
    from service_accounts a join people p on p.org = a.org and p.id = a.owner_id where a.org = ${org} and a.ended_at is null order by a.name limit 500`.execute(tx);
  const tokens = await sql<{ id: string; account_id: string; hint: string; not_after: Date; last_used_at: Date | null }>`select id, account_id, hint, not_after, last_used_at from service_tokens
    where org = ${org} and revoked_at is null and not_after > ${new Date(nowMs)} order by created_at`.execute(tx);
  return rows.map((row) => ({
    id: row.id,
    name: row.name,
    owner: row.owner,
    scopes: row.scopes,
    tokenDays: row.token_days,
    createdAt: row.created_at.toISOString(),
    tokens: tokens.rows.filter((one) => one.account_id === row.id).map((one) => ({ id: one.id, hint: one.hint, notAfter: one.not_after.toISOString(), lastUsedAt: one.last_used_at?.toISOString() ?? null })),
  }));
}

async function requireAccount(tx: Tx, org: string, name: string): Promise<{ id: string; tokenDays: number }> {
  const { rows } = await sql<{ id: string; token_days: number }>`select id, token_days from service_accounts where org = ${org} and name = ${name} and ended_at is null for update`.execute(tx);
  if (rows[0] !== undefined) return { id: rows[0].id, tokenDays: rows[0].token_days };
  throw new AppError({ code: "service_accounts.unknown", status: 404, message: `There is no service account \`${name}\`.`, remedies: [{ text: "List them.", command: "npx mandate service-account list" }] });
}

export async function createServiceAccount(ctx: CommandContext<Tx>, input: { readonly name: string; readonly owner: string; readonly scopes: readonly ServiceScope[]; readonly tokenDays: number }): Promise<void> {
  await ctx.transact(async (tx, record) => {
    const { rows } = await sql<{ id: string; state: string }>`select id, state from people where org = ${ctx.org} and email = ${input.owner.toLowerCase()}`.execute(tx);
    const owner = rows[0];
    if (owner === undefined || owner.state === "deactivated") {
      throw new AppError({ code: "service_accounts.owner", status: 400, message: "A service account needs a person here who answers for it.", remedies: [{ text: "Name the e-mail of someone who is registered." }] });
    }
    const taken = await sql`select 1 from service_accounts where org = ${ctx.org} and name = ${input.name} and ended_at is null`.execute(tx);
    if (taken.rows.length > 0) throw new AppError({ code: "service_accounts.exists", status: 409, message: `There is a service account \`${input.name}\` already.`, remedies: [{ text: "Choose another name, or end the other first." }] });
    const id = newId("serviceAccount", ctx.now(), ctx.random);
    await sql`insert into service_accounts (org, id, name, owner_id, scopes, token_days, created_by, created_at)
      values (${ctx.org}, ${id}, ${input.name}, ${owner.id}, ${[...new Set(input.scopes)]}, ${input.tokenDays}, ${ctx.actor.id}, ${new Date(ctx.now())})`.execute(tx);
    record({ type: "person", payload: { event: "service_account.created", account: id, name: input.name, owner: owner.id, scopes: input.scopes, tokenDays: input.tokenDays, by: ctx.actor.id } });
  });
}

/** @returns the token, shown once; `notAfter` defaults to the account's maximum and is never later */
export async function createServiceToken(ctx: CommandContext<Tx>, name: string, notAfter: Date | null): Promise<{ id: string; token: string; notAfter: string }> {
  return ctx.transact(async (tx, record) => {
    const account = await requireAccount(tx, ctx.org, name);
    const latest = ctx.now() + account.tokenDays * 86_400_000;
    const ends = notAfter ?? new Date(latest);
    if (ends.getTime() <= ctx.now() || ends.getTime() > latest) {
      throw new AppError({ code: "service_accounts.token_end", status: 400, message: `A token of this account ends in the future, at most ${account.tokenDays} days ahead.`, remedies: [{ text: "Choose another notAfter, or leave it out." }] });
    }
    const token = newBearer("serviceToken", ctx.random);
    const id = newId("credential", ctx.now(), ctx.random);
    await sql`insert into service_tokens (org, id, account_id, token_hash, hint, created_by, created_at, not_after)
      values (${ctx.org}, ${id}, ${account.id}, ${bearerHash(token)}, ${bearerHint(token)}, ${ctx.actor.id}, ${new Date(ctx.now())}, ${ends})`.execute(tx);
    record({ type: "person", payload: { event: "service_token.created", account: account.id, token: id, notAfter: ends.toISOString(), by: ctx.actor.id } });
    return { id, token, notAfter: ends.toISOString() };
  });
}

/** Ends the account and its tokens, for good. */
export async function endServiceAccount(ctx: CommandContext<Tx>, name: string): Promise<void> {
  await ctx.transact(async (tx, record) => {
    const account = await requireAccount(tx, ctx.org, name);
    await endAccounts(tx, ctx.org, sql`id = ${account.id}`, new Date(ctx.now()));
    record({ type: "person", payload: { event: "service_account.ended", account: account.id, name, by: ctx.actor.id } });
  });
}

async function endAccounts(tx: Tx, org: string, which: ReturnType<typeof sql>, now: Date): Promise<readonly string[]> {
  const { rows } = await sql<{ id: string }>`update service_accounts set ended_at = ${now} where org = ${org} and ended_at is null and ${which} returning id`.execute(tx);
  const ids = rows.map((row) => row.id);
  await sql`update service_tokens set revoked_at = ${now} where org = ${org} and account_id = any(${ids}) and revoked_at is null`.execute(tx);
  return ids;
}

/** Nobody answers for it any more. */
export const endServiceAccountsOf: Departure<Tx> = async (tx, ctx, person, record) => {
  for (const account of await endAccounts(tx, ctx.org, sql`owner_id = ${person.id}`, new Date(ctx.now()))) {
    record({ type: "person", payload: { event: "service_account.ended", account, why: "its owner has left", person: person.id } });
  }
};

/** Who sends this token, now; undefined when it never was, has ended, or nobody answers for it. */
export async function recogniseServiceToken(tx: Tx, org: string, token: string, nowMs: number): Promise<{ readonly actor: Actor; readonly expiresAt: number } | undefined> {
  if (bearerKind(token) !== "serviceToken") return undefined;
  const { rows } = await sql<{ id: string; scopes: string[]; not_after: Date }>`select a.id, a.scopes, t.not_after
    from service_tokens t join service_accounts a on a.org = t.org and a.id = t.account_id join people p on p.org = a.org and p.id = a.owner_id
    where t.org = ${org} and t.token_hash = ${bearerHash(token)} and t.revoked_at is null and t.not_after > ${new Date(nowMs)} and a.ended_at is null and p.state <> 'deactivated'`.execute(tx);
  const row = rows[0];
  if (row === undefined) return undefined;
  return { actor: { kind: "service", id: row.id, email: null, roles: [], proof: "token", scopes: row.scopes }, expiresAt: row.not_after.getTime() };
}
