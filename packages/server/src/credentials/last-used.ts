import { sql } from "kysely";
import type { Tx } from "../database/index.ts";
import { earliestId } from "../evidence/index.ts";

/**
 * Carries the newest decision of each credential to its row. Run after entries were sequenced, a few seconds apart: a
 * key's last use is for finding unused keys, not for timing calls.
 * @param since decisions from here on are looked at
 */
export async function noteCredentialUse(tx: Tx, org: string, since: Date): Promise<void> {
  await sql`update credentials c set last_used_at = d.at
    from (select credential, max(at) as at from decision where org = ${org} and id >= ${earliestId(since)} and at >= ${since} and credential is not null group by credential) d
    where c.org = ${org} and c.id = d.credential and (c.last_used_at is null or c.last_used_at < d.at)`.execute(tx);
}
