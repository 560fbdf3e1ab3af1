import { sql } from "kysely";
import type { Tx } from "../database/index.ts";
import { packAnswer, scopeWords } from "../evidence/index.ts";
import type { PackScope, SectionAnswers } from "../evidence/index.ts";

export interface CredentialRow {
  readonly id: string;
  readonly system: string;
  readonly name: string;
  readonly state: string;
  readonly accountable: string;
  readonly scope: readonly string[];
  readonly createdAt: Date;
  readonly notAfter: Date;
  readonly changedAt: Date;
  readonly lastUsedAt: Date | null;
  readonly reason: string | null;
  readonly replacedBy: string | null;
}

const days = (from: Date, to: Date): number => Math.round(((to.getTime() - from.getTime()) / 86_400_000) * 10) / 10;

export function credentialSections(rows: readonly CredentialRow[], words: string): SectionAnswers {
  const source = "credentials";
  const used = rows.filter((row) => row.lastUsedAt !== null);
  return {
    E11: {
      "credential inventory without values": packAnswer({ source, query: `every credential created before the end of the period; ${words}`, gaps: ["Only keys of this gateway are listed, no credential kept elsewhere."], rows }),
      "age at use": packAnswer({ source, query: `age in days of each credential at its last use; ${words}`, gaps: rows.length > used.length ? [`${rows.length - used.length} credentials were never used.`] : [], rows: used.map((row) => ({ id: row.id, system: row.system, ageAtLastUseDays: days(row.createdAt, row.lastUsedAt!) })) }),
      "revocation timing": packAnswer({ source, query: `revoked credentials, when, and whether one was used after it; ${words}`, gaps: ["When the leak or departure behind a revocation was learnt is not kept."], rows: rows.filter((row) => row.state === "revoked").map((row) => ({ id: row.id, system: row.system, revokedAt: row.changedAt, reason: row.reason, lastUsedAt: row.lastUsedAt, usedAfterwards: row.lastUsedAt !== null && row.lastUsedAt > row.changedAt })) }),
    },
  };
}

export async function credentialAnswers(tx: Tx, org: string, scope: PackScope): Promise<SectionAnswers> {
  const { rows } = await sql<CredentialRow>`select id, system, name, state, accountable, scope, created_at as "createdAt", not_after as "notAfter", changed_at as "changedAt", last_used_at as "lastUsedAt", reason, replaced_by as "replacedBy"
    from credentials where org = ${org} and created_at < coalesce(${scope.until}::timestamptz, 'infinity')
      ${scope.systems.length === 0 ? sql`` : sql`and system = any(${[...scope.systems]}::text[])`} order by system, created_at, id`.execute(tx);
  return credentialSections(rows, scopeWords(scope));
}
