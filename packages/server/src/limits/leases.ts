import type { LeaseAsk, LeaseGrant, SpentBefore } from "@mandate/gateway";
import { sql } from "kysely";
import type { Tx } from "../database/index.ts";

/**
 * Grants what is left of a limit, up to what is asked. INVARIANT: under one lock for each limit and window, so that what
 * all gateways hold together passes it only by what one of them took alone while nobody could be asked (`owed`).
 */
export async function grantLease(tx: Tx, org: string, holder: string, ask: LeaseAsk): Promise<LeaseGrant> {
  const { key, span, limit, want, owed } = ask;
  await sql`select pg_advisory_xact_lock(hashtextextended(${`${org}\n${key}`}, 0))`.execute(tx);
  await sql`delete from limit_lease where org = ${org} and key = ${key} and span < ${span}`.execute(tx);
  const { rows } = await sql<{ granted: number; total: number }>`
    with taken as (select coalesce(sum(granted), 0) + ${owed}::bigint as total from limit_lease where org = ${org} and key = ${key} and span = ${span}),
      slice as (select greatest(0, least(${want}::bigint, ${limit}::bigint - total)) as granted, total from taken),
      kept as (insert into limit_lease as l (org, key, span, holder, granted) select ${org}, ${key}, ${span}, ${holder}, slice.granted + ${owed}::bigint from slice
        on conflict (org, key, span, holder) do update set granted = l.granted + excluded.granted returning 1)
    select slice.granted::float8 as granted, (slice.total + slice.granted)::float8 as total from slice, kept`.execute(tx);
  return rows[0]!;
}

/**
 * A gateway that starts anew holds no slices: what it had and didn't use goes back, as far as its evidence says what it
 * used. People are counted anew, because the index doesn't name them.
 */
export async function returnLeases(tx: Tx, org: string, holder: string, used: readonly SpentBefore[], nowMs: number): Promise<void> {
  const instant = new Date(nowMs).toISOString();
  const [day, month] = [instant.slice(0, 10), instant.slice(0, 7)];
  await sql`delete from limit_lease where org = ${org} and holder = ${holder} and key like '% people day'`.execute(tx);
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
