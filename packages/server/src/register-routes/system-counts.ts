import { sql } from "kysely";
import type { Tx } from "../database/index.ts";
import { earliestId } from "../evidence/index.ts";
import { findingStateNow } from "../findings/index.ts";

export interface SystemCounts {
  readonly decisions: { readonly allow: number; readonly hold: number; readonly deny: number };
  readonly findings: number;
}

const dayMs = 86_400_000;

/** What a row of the systems table counts: decisions of 24 hours, open findings. */
export async function systemCounts(tx: Tx, org: string, systems: readonly string[], nowMs: number): Promise<Map<string, SystemCounts>> {
  if (systems.length === 0) return new Map();
  const names = [...systems];
  const { rows: decided } = await sql<{ system: string; allow: number; hold: number; deny: number }>`select system, count(*) filter (where outcome = 'allow')::int as allow,
      count(*) filter (where outcome = 'hold')::int as hold, count(*) filter (where outcome = 'deny')::int as deny
    from decision where org = ${org} and id >= ${earliestId(new Date(nowMs - dayMs))} and at >= ${new Date(nowMs - dayMs)} and system = any(${names}) group by system`.execute(tx);
  const { rows: found } = await sql<{ system: string; open: number }>`select system, count(*)::int as open from findings where org = ${org} and system = any(${names})
    and ${findingStateNow(new Date(nowMs))} = 'open' group by system`.execute(tx);
  const findings = new Map(found.map((row) => [row.system, row.open]));
  const decisions = new Map(decided.map((row) => [row.system, { allow: row.allow, hold: row.hold, deny: row.deny }]));
  return new Map(systems.map((name) => [name, { decisions: decisions.get(name) ?? { allow: 0, hold: 0, deny: 0 }, findings: findings.get(name) ?? 0 }]));
}
