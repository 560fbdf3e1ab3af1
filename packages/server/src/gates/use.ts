import { sql } from "kysely";
import type { Tx } from "../database/index.ts";

/** What a system may reach at the call: prompts and datasets are no call of their own. */
export interface GrantUse {
  /** `model:NAME`, `tool:NAME`, `destination:NAME`. */
  readonly grant: string;
  /** Since when it could be called; null: not yet. */
  readonly since: Date | null;
  readonly lastUsed: Date | null;
}

/**
 * Each grant with its last use, from the decisions that were counted (NHI-05). It could be called from the moment some
 * version held it and some authorization had begun.
 */
export async function grantUses(tx: Tx, org: string, system: string, grants: { readonly models: readonly string[]; readonly tools: readonly string[]; readonly destinations: readonly string[] }): Promise<readonly GrantUse[]> {
  const { rows: held } = await sql<{ grant: string; since: Date }>`select rtrim(kinds.kind, 's') || ':' || names.name as grant, min(v.created_at) as since
    from system_versions v, jsonb_each(v.manifest -> 'grants') as kinds(kind, list), jsonb_array_elements_text(kinds.list) as names(name)
    where v.org = ${org} and v.system = ${system} group by 1`.execute(tx);
  const { rows: began } = await sql<{ at: Date | null }>`select min(starts) as at from authorizations where org = ${org} and system = ${system} and starts is not null`.execute(tx);
  const { rows: used } = await sql<{ grant: string; at: Date }>`select resource as grant, max(last_at) as at from observed_uses where org = ${org} and system = ${system} and allowed > 0 group by 1`.execute(tx);
  const since = new Map(held.map((row) => [row.grant, row.since]));
  const last = new Map(used.map((row) => [row.grant, row.at]));
  const start = began[0]?.at ?? null;
  return [...grants.models.map((name) => `model:${name}`), ...grants.tools.map((name) => `tool:${name}`), ...grants.destinations.map((name) => `destination:${name}`)].map((grant) => {
    const first = since.get(grant) ?? null;
    return { grant, since: start === null || first === null ? null : start.getTime() > first.getTime() ? start : first, lastUsed: last.get(grant) ?? null };
  });
}
