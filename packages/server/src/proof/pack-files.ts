import { sql } from "kysely";
import type { Tx } from "../database/index.ts";
import type { PackFile } from "../evidence/index.ts";

/** `approvals/ID.json`: each decided question with its statement, digest and signatures, as it can be checked offline. */
export async function packFiles(tx: Tx, org: string): Promise<readonly PackFile[]> {
  const { rows } = await sql<{ id: string; statement: unknown; digest: string; state: string; signatures: unknown }>`select a.id, a.statement, a.digest, a.state,
      coalesce((select jsonb_agg(jsonb_build_object('kind', s.kind, 'person', s.email, 'role', s.role, 'choice', s.choice, 'reason', s.reason, 'at', s.signed_at) order by s.signed_at)
        from approval_signatures s where s.org = a.org and s.approval_id = a.id), '[]'::jsonb) as signatures
    from approvals a where a.org = ${org} and a.state in ('approved', 'refused') order by a.id limit 50000`.execute(tx);
  return rows.map((row) => ({ path: `approvals/${row.id}.json`, bytes: Buffer.from(`${JSON.stringify(row, null, 2)}\n`), mediaType: "application/json" }));
}
