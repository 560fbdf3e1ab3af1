import { sql } from "kysely";
import type { Tx } from "../database/index.ts";
import { earliestId } from "../evidence/index.ts";

const sevenDaysMs = 7 * 86_400_000;

/**
 * Calls of the last seven days that were allowed and that this would refuse: all of a stopped system's, else those to
 * what is denied. Counted from decisions, so a call's own tools count as well.
 * @param differences `kind:name`; null: everything the system does
 */
export async function callsRefused(tx: Tx, org: string, nowMs: number, system: string, differences: readonly string[] | null): Promise<number> {
  const since = new Date(nowMs - sevenDaysMs);
  if (differences?.length === 0) return 0;
  const { rows } = await sql<{ calls: string }>`select count(*) as calls from decision where org = ${org} and system = ${system} and id >= ${earliestId(since)} and at > ${since} and outcome <> 'deny'
    and (${differences === null} or resource = any(${[...(differences ?? [])]})
      or exists (select 1 from jsonb_to_recordset(coalesce(tools, '[]'::jsonb)) as one(tool text) where 'tool:' || one.tool = any(${[...(differences ?? [])]})))`.execute(tx);
  return Number(rows[0]?.calls ?? 0);
}
