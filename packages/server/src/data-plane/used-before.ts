import type { UsedBefore } from "@mandate/gateway";
import { sql } from "kysely";
import type { Tx } from "../database/index.ts";

/** Model calls that went out today and this month, with their tokens, as the evidence has them. */
export async function usedBefore(tx: Tx, org: string, nowMs: number): Promise<readonly UsedBefore[]> {
  const now = new Date(nowMs);
  const day = new Date(Date.UTC(now.getUTCFullYear(), now.getUTCMonth(), now.getUTCDate()));
  const month = new Date(Date.UTC(now.getUTCFullYear(), now.getUTCMonth(), 1));
  const { rows } = await sql<UsedBefore>`select system, (count(*) filter (where at >= ${day}))::int as calls,
      coalesce(sum(input_tokens) filter (where at >= ${day}), 0)::float8 as "inputTokens", coalesce(sum(output_tokens) filter (where at >= ${day}), 0)::float8 as "outputTokens",
      coalesce(sum(input_tokens), 0)::float8 as "inputTokensThisMonth", coalesce(sum(output_tokens), 0)::float8 as "outputTokensThisMonth"
    from decision where org = ${org} and system is not null and action = 'model.call' and outcome = 'allow' and surface <> 'authzen' and at >= ${month} group by system`.execute(tx);
  return rows;
}
