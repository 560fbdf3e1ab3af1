import type { LeaseAsk, LeaseGrant, SpentBefore } from "@mandate/gateway";
import { sql } from "kysely";
import type { Tx } from "../database/index.ts";

/**
 * Grants what is left of a limit, up to what is asked. INVARIANT: under one lock for each limit and window, so that what
 * all gateways hold together passes it only by what one of them took alone while nobody could be asked (`owed`).
 */
export async function grantLease(tx: Tx, org: string, holder: string, ask: LeaseAsk): Promise<LeaseGrant> {
  const { key, span, limit, want, owed, member } = ask;
  await sql`select pg_advisory_xact_lock(hashtextextended(${`${org}\n${key}`}, 0))`.execute(tx);
  await sql`delete from limit_lease where org = ${org} and key = ${key} and span < ${span}`.execute(tx);
  if (member !== undefined) return grantHead(tx, org, `head:${member}`, ask);
  const { rows } = await sql<{ granted: number; total: number }>`
    with taken as (select coalesce(sum(granted), 0) + ${owed}::bigint as total from limit_lease where org = ${org} and key = ${key} and span = ${span}),
      slice as (select greatest(0, least(${want}::bigint, ${limit}::bigint - total)) as granted, total from taken),
      kept as (insert into limit_lease as l (org, key, span, holder, granted) select ${org}, ${key}, ${span}, ${holder}, slice.granted + ${owed}::bigint from slice
        on conflict (org, key, span, holder) do update set granted = l.granted + excluded.granted returning 1)
    select slice.granted::float8 as granted, (slice.total + slice.granted)::float8 as total from slice, kept`.execute(tx);
  return rows[0]!;
}

/** One of a number of heads: who holds it already is granted it again, and counts no more for it. */
async function grantHead(tx: Tx, org: string, holder: string, { key, span, limit, want, owed }: LeaseAsk): Promise<LeaseGrant> {
  const { rows } = await sql<{ total: number; held: boolean }>`select coalesce(sum(granted), 0)::float8 as total, coalesce(bool_or(holder = ${holder}), false) as held
    from limit_lease where org = ${org} and key = ${key} and span = ${span}`.execute(tx);
  const { total, held } = rows[0]!;
  if (held) return { granted: Math.min(want, 1), total };
  // Let in while nobody could be asked: counts, whatever the limit says.
  if (owed === 0 && (want === 0 || total >= limit)) return { granted: 0, total };
  await sql`insert into limit_lease (org, key, span, holder, granted) values (${org}, ${key}, ${span}, ${holder}, 1)`.execute(tx);
  return { granted: owed === 0 ? 1 : 0, total: total + 1 };
}

/**
 * A gateway that starts anew holds no slices: what it had and didn't use goes back, as far as its evidence says what it
 * used. People stay counted: each is held under their own hash.
 */
export async function returnLeases(tx: Tx, org: string, holder: string, used: readonly SpentBefore[], nowMs: number): Promise<void> {
  const instant = new Date(nowMs).toISOString();
  const [day, month] = [instant.slice(0, 10), instant.slice(0, 7)];
  const { rows } = await sql<{ key: string; span: string }>`select key, span from limit_lease where org = ${org} and holder = ${holder} and span in (${day}, ${month}) and key ~ '^(system|credential):'`.execute(tx);
  const usedOf = new Map<string, number>();
  for (const one of used) {
    const who = one.credential === null ? `system:${one.system}` : `credential:${one.credential}`;
    usedOf.set(`${who} calls day`, one.calls);
    usedOf.set(`${who} tokens day`, one.tokens);
    usedOf.set(`${who} euros day`, one.microEuros);
    if (one.credential === null) usedOf.set(`${who} euros month`, one.microEurosThisMonth);
  }
  for (const { key, span } of rows)
    await sql`update limit_lease set granted = ${Math.ceil(usedOf.get(key) ?? 0)} where org = ${org} and holder = ${holder} and key = ${key} and span = ${span}`.execute(tx);
  // Used before this table knew of it, or under another limit: it counts all the same.
  for (const [key, amount] of usedOf) {
    const span = key.endsWith(" month") ? month : day;
    if (amount > 0) await sql`insert into limit_lease (org, key, span, holder, granted) values (${org}, ${key}, ${span}, ${holder}, ${Math.ceil(amount)}) on conflict do nothing`.execute(tx);
  }
}
