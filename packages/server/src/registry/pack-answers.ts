import { sql } from "kysely";
import type { Tx } from "../database/index.ts";
import { packAnswer, scopeWords } from "../evidence/index.ts";
import type { PackScope, SectionAnswers } from "../evidence/index.ts";
import { ownersOverTime, populationOf } from "./population.ts";
import type { SystemChange } from "./population.ts";

/** What the register's history answers: who was on record when, under whose name, in which words. */
export async function registryAnswers(tx: Tx, org: string, scope: PackScope): Promise<SectionAnswers> {
  const changes = await systemChanges(tx, org, scope);
  const population = populationOf(changes, scope.since, scope.until);
  const ended = changes.filter((change) => scope.until === null || Date.parse(change.at) < Date.parse(scope.until));
  const versions = await sql<{ system: string; number: number; digest: string; manifest: unknown; created_at: Date }>`
    select system, number, digest, manifest, created_at from system_versions
    where org = ${org} ${systemsIn(scope, sql`system`)} and created_at < coalesce(${scope.until}::timestamptz, 'infinity') order by system, number`.execute(tx);
  const policies = await sql<{ name: string; version: number; action: string; author: string; at: Date; tests: number }>`
    select name, version, action, coalesce(author_email, author) as author, recorded_at as at, coalesce(jsonb_array_length(case when jsonb_typeof(spec->'tests') = 'array' then spec->'tests' end), 0)::int as tests
    from register_history where org = ${org} and kind = 'Policy' and recorded_at < coalesce(${scope.until}::timestamptz, 'infinity') order by name, version`.execute(tx);
  const words = scopeWords(scope);
  const source = "register_history (append-only)";
  return {
    E02: {
      "list of all AI systems at start and end with adds and retirements": {
        ...packAnswer({ source, query: `AISystem objects created or removed ${words}; retirements are decisions on authorizations, see E08 "stop drills"`, gaps: ["Only systems that somebody registered or that called the gateway are known."], rows: [...population.added, ...population.removed] }),
        atStart: { count: population.atStart.length, names: population.atStart },
        atEnd: { count: population.atEnd.length, names: population.atEnd },
      },
    },
    E03: {
      "owners over time": packAnswer({ source, query: `stretches of unchanged spec.owners of each AISystem up to the end of the period; ${words}`, rows: ownersOverTime(ended) }),
    },
    E06: {
      "change history by version hash": packAnswer({ source: "system_versions (immutable)", query: `the manifest of every version on record before the end of the period; ${words}`, rows: versions.rows.map(({ created_at, ...row }) => ({ ...row, createdAt: created_at.toISOString() })) }),
    },
    E07: {
      "policy versions with tests": packAnswer({ source, query: "every version of every Policy before the end of the period, with how many tests its text carries; the texts are in policies/. Every test is run before a version is recorded, and one that fails keeps it out: all of these passed", rows: policies.rows.map((row) => ({ ...row, at: row.at.toISOString() })) }),
    },
  };
}

async function systemChanges(tx: Tx, org: string, scope: PackScope): Promise<SystemChange[]> {
  const { rows } = await sql<Omit<SystemChange, "at"> & { at: Date }>`
    select name, version, action, coalesce(author_email, author) as author, recorded_at as at, reason, spec->'owners'->>'business' as business, spec->'owners'->>'technical' as technical
    from register_history where org = ${org} and kind = 'AISystem' ${systemsIn(scope, sql`name`)} order by recorded_at, name, version`.execute(tx);
  return rows.map((row) => ({ ...row, at: row.at.toISOString() }));
}

const systemsIn = ({ systems }: PackScope, column: ReturnType<typeof sql>) => (systems.length === 0 ? sql`` : sql`and ${column} = any(${[...systems]}::text[])`);
