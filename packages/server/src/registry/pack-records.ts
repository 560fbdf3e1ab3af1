import { sql } from "kysely";
import type { Tx } from "../database/index.ts";
import { packAnswer, scopeWords } from "../evidence/index.ts";
import type { PackScope, SectionAnswers } from "../evidence/index.ts";

export interface RecordRow {
  readonly name: string;
  readonly version: number;
  readonly at: Date;
  readonly author: string;
  readonly spec: Readonly<Record<string, unknown>>;
}

/** Every object of a kind that was on record just before `until` (null: now), in its newest version by then. */
export async function recordsAsOf(tx: Tx, org: string, kind: string, until: string | null): Promise<readonly RecordRow[]> {
  const { rows } = await sql<RecordRow>`select name, version, at, author, spec from (
      select distinct on (name) name, version, action, recorded_at as at, coalesce(author_email, author) as author, spec from register_history
      where org = ${org} and kind = ${kind} and recorded_at < coalesce(${until}::timestamptz, 'infinity') order by name, version desc) h
    where action <> 'remove' order by name`.execute(tx);
  return rows;
}

/** Records that people keep in the register, as they stood at the end of the period. */
export async function recordAnswers(tx: Tx, org: string, scope: PackScope): Promise<SectionAnswers> {
  const words = scopeWords(scope);
  const asOf = (kind: string): Promise<readonly RecordRow[]> => recordsAsOf(tx, org, kind, scope.until);
  const answer = (kind: string, rows: readonly RecordRow[], none: string) =>
    packAnswer({ source: "register_history (append-only)", query: `each ${kind} on record at the end of the period, in its newest version by then; ${words}`, gaps: rows.length === 0 ? [none] : [], rows: rows.map((row) => ({ ...row, at: row.at.toISOString() })) });
  // A record of other systems alone is nobody's business in a pack of one.
  const inScope = ({ spec: { systems } }: RecordRow): boolean => scope.systems.length === 0 || !Array.isArray(systems) || systems.length === 0 || systems.some((one: unknown) => scope.systems.includes(String(one).replace(/^system:/, "")));
  const risks = (await asOf("Risk")).filter(inScope);
  const flows = (await asOf("DataFlow")).filter((row) => scope.systems.length === 0 || row.spec["system"] === undefined || scope.systems.includes(String(row.spec["system"]).replace(/^system:/, "")));
  const others = await sql<{ count: number }>`select count(*)::int as count from register_objects where org = ${org} and kind = 'AISystem' and not (name = any(${[...scope.systems]}::text[]))`.execute(tx);
  const acceptances = await sql<Record<string, unknown>>`select risk, seq, event, version, residual, email as person, role, reason, at, ends from risk_acceptances where org = ${org} and risk = any(${risks.map((row) => row.name)}::text[]) and at < coalesce(${scope.until}::timestamptz, 'infinity') order by risk, seq`.execute(tx);
  const tiers = await sql<Record<string, unknown>>`select system, seq, at, coalesce(author_email, author) as author, tier, reasons, override_id as override, version_digest as "versionDigest", digest from tier_determinations
    where org = ${org} ${scope.systems.length === 0 ? sql`` : sql`and system = any(${[...scope.systems]}::text[])`} and at < coalesce(${scope.until}::timestamptz, 'infinity') order by system, seq`.execute(tx);
  return {
    E01: {
      "systems excluded and why": { gaps: [], source: "register_objects", query: `systems on record that this pack's scope leaves out, counted and not named; ${words}`, population: scope.systems.length === 0 ? 0 : others.rows[0]!.count, reason: "outside the scope that was asked for" },
    },
    E03: { "training records of owners and overseers": answer("TrainingRecord", (await asOf("TrainingRecord")).filter(inScope), "No training is on record.") },
    E04: { "changes of tier": packAnswer({ source: "tier_determinations (append-only)", query: `every determination of a tier before the end of the period, with its reasons; ${words}`, rows: tiers.rows }) },
    E05: { "risk register with treatment and residual risk": answer("Risk", risks, "No risk is on record."), "acceptance by named person with expiry": packAnswer({ source: "risk_acceptances", query: `who accepted which residual risk, in which role, until when; ${words}`, rows: acceptances.rows }) },
    E10: { "flow map with region and class": answer("DataFlow", flows, "No data flow is declared by anybody: what is granted and what calls reached stands beside (`reached`): owner technical owners.") },
  };
}
