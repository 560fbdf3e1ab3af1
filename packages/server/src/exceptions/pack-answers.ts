import { sql } from "kysely";
import type { Tx } from "../database/index.ts";
import { packAnswer, scopeWords } from "../evidence/index.ts";
import type { PackScope, SectionAnswers } from "../evidence/index.ts";
import { readExceptions, stateOf } from "./store.ts";

export async function exceptionAnswers(tx: Tx, org: string, scope: PackScope, nowMs: number): Promise<SectionAnswers> {
  const until = scope.until === null ? Number.POSITIVE_INFINITY : Date.parse(scope.until);
  const rows = (await readExceptions(tx, org)).filter((one) => (scope.systems.length === 0 || scope.systems.includes(one.system)) && one.requestedAt.getTime() < until).map((one) => ({ ...one, state: stateOf(one, nowMs) }));
  const used = await usesOf(tx, org, rows.map((one) => one.id), scope);
  return {
    E09: {
      "exceptions with use and expiry": packAnswer({ source: "exceptions, decision (index of the log's entries)", query: `exceptions with scope, compensating control, approvers and end, asked for before the end of the period, with the calls of the period that each let pass; ${scopeWords(scope)}`, rows: rows.map((one) => ({ ...one, uses: used.get(one.id) ?? { calls: 0, first: null, last: null } })) }),
    },
  };
}

interface Uses {
  readonly calls: number;
  readonly first: string | null;
  readonly last: string | null;
}

/** An exception that lets a call pass is the rule that its decision names. */
async function usesOf(tx: Tx, org: string, ids: readonly string[], { since, until }: PackScope): Promise<ReadonlyMap<string, Uses>> {
  const { rows } = await sql<{ rule: string; calls: number; first: Date; last: Date }>`select rule, count(*)::int as calls, min(at) as first, max(at) as last from decision
    where org = ${org} and rule = any(${ids.map((id) => `exception:${id}`)}::text[]) and at >= coalesce(${since}::timestamptz, '-infinity') and at < coalesce(${until}::timestamptz, 'infinity') group by rule`.execute(tx);
  return new Map(rows.map(({ rule, calls, first, last }) => [rule.slice("exception:".length), { calls, first: first.toISOString(), last: last.toISOString() }]));
}
