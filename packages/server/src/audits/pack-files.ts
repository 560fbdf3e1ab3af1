import { auditSchema } from "@mandate/ledger";
import { sql } from "kysely";
import type { Tx } from "../database/index.ts";
import type { PackFile, PackScope } from "../evidence/index.ts";
import { readRecords } from "./records.ts";

/**
 * Audits that a pack of this scope can be held to: it shows all that their populations were counted from.
 * @param only an audit's own pack holds that one alone
 */
export async function auditsCovered(tx: Tx, org: string, scope: PackScope, only: string | null): Promise<readonly string[]> {
  const { rows } = await sql<{ audit: string; statement: string }>`select audit, statement from audit_records where org = ${org} and n = 0 and (${only}::text is null or audit = ${only}) order by audit`.execute(tx);
  return rows.filter((row) => covers(scope, (JSON.parse(row.statement) as { readonly body: PackScope }).body)).map((row) => row.audit);
}

/** `audits/ID.json`: every record, with the digest that the log commits to. */
export async function auditFiles(tx: Tx, org: string, audits: readonly string[]): Promise<readonly PackFile[]> {
  const files: PackFile[] = [];
  for (const id of audits) {
    const records = (await readRecords(tx, org, id)).map(({ statement, digest }) => ({ statement, digest }));
    files.push({ path: `audits/${id}.json`, bytes: Buffer.from(`${JSON.stringify({ schema: auditSchema, id, records }, null, 2)}\n`), mediaType: "application/json" });
  }
  return files;
}

function covers(pack: PackScope, audit: PackScope): boolean {
  const systems = pack.systems.length === 0 || (audit.systems.length > 0 && audit.systems.every((name) => pack.systems.includes(name)));
  const since = pack.since === null || (audit.since !== null && Date.parse(pack.since) <= Date.parse(audit.since));
  const until = pack.until === null || (audit.until !== null && Date.parse(pack.until) >= Date.parse(audit.until));
  return systems && since && until;
}
