import { sql } from "kysely";
import type { Tx } from "../database/index.ts";
import { maxShownRows, mergeAnswers, packAnswer, scopeWords } from "../evidence/index.ts";
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

/** A key that lives elsewhere, as somebody imported it: its name, never the key. */
export interface ElsewhereRow {
  readonly id: string;
  readonly name: string;
  readonly location: string;
  readonly kind: string;
  readonly system: string | null;
  readonly owner: string | null;
  readonly created: string | null;
  readonly ends: string | null;
  readonly importedAt: Date;
  readonly goneAt: Date | null;
}

export function credentialSections(rows: readonly CredentialRow[], words: string, elsewhere: readonly ElsewhereRow[] = []): SectionAnswers {
  const source = "credentials";
  const known = elsewhere.length === 0 ? "No credential kept elsewhere was imported: only keys of this gateway are listed." : "Of credentials kept elsewhere, those that somebody imported are listed.";
  const used = rows.filter((row) => row.lastUsedAt !== null);
  return {
    E11: {
      "credential inventory without values": { ...packAnswer({ source: "credentials, external_credentials", query: `every credential created before the end of the period, and beside them each that lives elsewhere and was imported by then; ${words}`, gaps: [known], rows }), elsewhere },
      "age at use": packAnswer({ source, query: `age in days of each credential at its last use; ${words}`, gaps: rows.length > used.length ? [`${rows.length - used.length} credentials were never used.`] : [], rows: used.map((row) => ({ id: row.id, system: row.system, ageAtLastUseDays: days(row.createdAt, row.lastUsedAt!) })) }),
      "revocation timing": packAnswer({ source, query: `revoked credentials, when, and whether one was used after it; ${words}`, gaps: ["When the leak or departure behind a revocation was learnt is not kept."], rows: rows.filter((row) => row.state === "revoked").map((row) => ({ id: row.id, system: row.system, revokedAt: row.changedAt, reason: row.reason, lastUsedAt: row.lastUsedAt, usedAfterwards: row.lastUsedAt !== null && row.lastUsedAt > row.changedAt })) }),
    },
  };
}

export async function credentialAnswers(tx: Tx, org: string, scope: PackScope): Promise<SectionAnswers> {
  const { rows } = await sql<CredentialRow>`select id, system, name, state, accountable, scope, created_at as "createdAt", not_after as "notAfter", changed_at as "changedAt", last_used_at as "lastUsedAt", reason, replaced_by as "replacedBy"
    from credentials where org = ${org} and created_at < coalesce(${scope.until}::timestamptz, 'infinity')
      ${scope.systems.length === 0 ? sql`` : sql`and system = any(${[...scope.systems]}::text[])`} order by system, created_at, id`.execute(tx);
  const elsewhere = await sql<ElsewhereRow>`select id, name, location, kind, system, owner, created_on::text as created, ends_on::text as ends, imported_at as "importedAt", gone_at as "goneAt"
    from external_credentials where org = ${org} and imported_at < coalesce(${scope.until}::timestamptz, 'infinity')
      ${scope.systems.length === 0 ? sql`` : sql`and system = any(${[...scope.systems]}::text[])`} order by imported_at, id limit ${maxShownRows}`.execute(tx);
  return mergeAnswers([credentialSections(rows, scopeWords(scope), elsewhere.rows), useSections(rows, await usesOf(tx, org, scope), scopeWords(scope))]);
}

/** A credential and what calls with it were allowed to do. */
export interface CredentialUse {
  readonly credential: string;
  readonly calls: number;
  readonly systems: readonly string[];
  /** `tool:NAME` and kin, a hundred at most. */
  readonly used: readonly string[];
}

async function usesOf(tx: Tx, org: string, scope: PackScope): Promise<readonly CredentialUse[]> {
  const { rows } = await sql<CredentialUse>`select credential, count(*)::int as calls, array_agg(distinct system) as systems, (array_agg(distinct resource))[1:100] as used from decision
    where org = ${org} and outcome = 'allow' and credential like 'cred\\_%' and system is not null and at >= coalesce(${scope.since}::timestamptz, '-infinity') and at < coalesce(${scope.until}::timestamptz, 'infinity')
      ${scope.systems.length === 0 ? sql`` : sql`and system = any(${[...scope.systems]}::text[])`} group by credential order by credential`.execute(tx);
  return rows;
}

export function useSections(rows: readonly CredentialRow[], uses: readonly CredentialUse[], words: string): SectionAnswers {
  const useOf = new Map(uses.map((one) => [one.credential, one]));
  const source = "credentials, decision (index of the log's entries)";
  const open = rows.filter((row) => row.scope.length === 0);
  return {
    E11: {
      "scope used against granted": packAnswer({ source, query: `each credential created before the end of the period, its scope (empty: all that its system was granted), and what calls with it were allowed in the period, a hundred at most; ${words}`, gaps: open.length === 0 ? [] : [`${open.length} credentials have no scope of their own: what they reach is what their system was granted.`], rows: rows.map((row) => ({ id: row.id, system: row.system, scope: row.scope, calls: useOf.get(row.id)?.calls ?? 0, used: useOf.get(row.id)?.used ?? [] })) }),
      "shared use": { ...packAnswer({ source, query: `credentials that calls of more than one system were allowed with in the period; none may exist; ${words}`, gaps: ["Whether several workloads of one system share a credential is not recorded, because no address of a caller is: owner technical owners."], rows: uses.filter((one) => one.systems.length > 1) }), population: uses.length },
    },
  };
}
