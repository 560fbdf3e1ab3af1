import { probePrefix } from "@mandate/model";
import { type RawBuilder, sql } from "kysely";
import type { Tx } from "../database/index.ts";
import { packAnswer, scopeWords } from "./pack-answer.ts";
import type { PackScope } from "./pack-answer.ts";
import type { SectionAnswers } from "./pack-sections.ts";

const columns = sql`id, at, outcome, code, rule, system, action, resource, surface, credential, approval, policy_version as "policyVersion", register_version as "registerVersion", terminal,
  intent_log as "intentLog", intent_index as "intentIndex", result_log as "resultLog", result_index as "resultIndex"`;

export interface DecisionScope extends PackScope {
  /** What draws the sample: nobody who makes a pack chooses it freely, and whoever has the pack has it. */
  readonly drawnBy: string;
  readonly audits: readonly string[];
}

/** What the index of decisions answers, reconciled with the log that it was made from. */
export async function decisionAnswers(tx: Tx, org: string, scope: DecisionScope): Promise<SectionAnswers> {
  const isProbe = sql`(coalesce(system, '') LIKE ${`${probePrefix}%`} OR coalesce(credential, '') LIKE ${`${probePrefix}%`})`;
  // What the product plants to see its own refusals is nobody's call: it is counted, apart.
  const written = sql`org = ${org} AND at >= coalesce(${scope.since}::timestamptz, '-infinity') AND at < coalesce(${scope.until}::timestamptz, 'infinity')
    ${scope.systems.length === 0 ? sql`` : sql`AND system = ANY(${[...scope.systems]}::text[])`}`;
  const inScope = sql`NOT ${isProbe} AND ${written}`;
  const words = scopeWords(scope);
  const list = async (where: ReturnType<typeof sql>, limit: number) =>
    (await sql<Record<string, unknown>>`SELECT ${columns} FROM decision WHERE ${inScope} AND ${where} ORDER BY id DESC LIMIT ${limit}`.execute(tx)).rows;
  const count = async (where: ReturnType<typeof sql>) =>
    (await sql<{ count: number }>`SELECT count(*)::int AS count FROM decision WHERE ${inScope} AND ${where}`.execute(tx)).rows[0]!.count;
  const counts = await sql<{ count: number }>`SELECT outcome, code, policy_version AS policy, count(*)::int AS count
    FROM decision WHERE ${inScope} GROUP BY 1, 2, 3 ORDER BY 1, 2, 3`.execute(tx);
  const terminals = await sql<{ terminal: string | null; count: number }>`SELECT terminal, count(*)::int AS count FROM decision WHERE ${inScope} GROUP BY 1 ORDER BY 1`.execute(tx);
  const total = counts.rows.reduce((sum, row) => sum + row.count, 0);
  const unattributed = await sql<{ count: number; all: number }>`SELECT count(*) FILTER (WHERE system IS NULL)::int AS count, count(*)::int AS all FROM decision WHERE NOT ${isProbe} AND org = ${org}
    AND at >= coalesce(${scope.since}::timestamptz, '-infinity') AND at < coalesce(${scope.until}::timestamptz, 'infinity')`.execute(tx);
  const probes = await sql<{ count: number }>`SELECT count(*)::int AS count FROM decision WHERE ${isProbe} AND org = ${org}
    AND at >= coalesce(${scope.since}::timestamptz, '-infinity') AND at < coalesce(${scope.until}::timestamptz, 'infinity')`.execute(tx);
  const bySystem = await sql`SELECT system, count(*)::int AS decisions, min(at) AS first, max(at) AS last,
      EXISTS (SELECT 1 FROM register_objects o WHERE o.org = ${org} AND o.kind = 'AISystem' AND o.name = decision.system) AS registered
    FROM decision WHERE ${inScope} AND system IS NOT NULL GROUP BY system ORDER BY system`.execute(tx);
  const held = await list(sql`approval IS NOT NULL`, 1_000);
  const sample = await drawn(tx, inScope, scope.drawnBy);
  const reported = await sql<{ kind: string; system: string | null; title: string; state: string; openedAt: Date; lastSeenAt: Date; seen: number }>`SELECT kind, system, title, state, opened_at AS "openedAt", last_seen_at AS "lastSeenAt", seen FROM findings
    WHERE org = ${org} AND kind IN ('telemetry.past_gateway', 'telemetry.not_granted') AND opened_at < coalesce(${scope.until}::timestamptz, 'infinity') AND last_seen_at >= coalesce(${scope.since}::timestamptz, '-infinity')
    ${scope.systems.length === 0 ? sql`` : sql`AND system = ANY(${[...scope.systems]}::text[])`} ORDER BY opened_at, id`.execute(tx);
  const pastGateway = "A call past the gateway has no decision and no entry: what applications' own telemetry reports of such use stands here, and what nothing reports is not known: owner technical owners.";
  const refused = await list(sql`outcome = 'deny' AND code IN ('data_boundary', 'legal_review')`, 1_000);
  const stopped = await sql<Record<string, unknown>>`SELECT system, code, rule, outcome, count(*)::int AS count, min(at) AS first, max(at) AS last FROM decision
    WHERE ${inScope} AND (outcome = 'hold' OR (outcome = 'deny' AND code IN ('policy', 'data_boundary', 'legal_review', 'tool_changed', 'unknown_tool', 'prohibited'))) GROUP BY 1, 2, 3, 4 ORDER BY 1, 2, 3, 4`.execute(tx);
  const masked = await sql<{ system: string | null; type: string; calls: number; first: Date; last: Date }>`SELECT system, t.type, count(*)::int AS calls, min(at) AS first, max(at) AS last
    FROM (SELECT value AS type, id AS tagged FROM decision_tag WHERE org = ${org} AND kind = 'masked') t JOIN decision ON id = t.tagged WHERE ${inScope} GROUP BY 1, 2 ORDER BY 1, 2`.execute(tx);
  const source = "decision (index of the log's entries)";
  const reconciled = await reconciliation(tx, org, written);
  const open = terminals.rows.find((row) => row.terminal === null)?.count ?? 0;
  return {
    E02: {
      "reconciliation of record against gateway traffic and discovery": { ...packAnswer({ source: `${source}, register_objects`, query: `systems named in decisions ${words}, and whether each is on record now; beside them (\`outside\`) what applications' own telemetry reported of use past the gateway or beyond what was granted`, gaps: [pastGateway], rows: bySystem.rows }), outside: reported.rows },
      "count of unattributed calls": { gaps: [], source, query: `decisions that name no system, in the period, all systems`, population: unattributed.rows[0]!.all, count: unattributed.rows[0]!.count },
    },
    E08: {
      "decision counts by outcome and policy version": { gaps: reconciled.gaps, source, query: `decisions ${words}, without probes of the controls, grouped by outcome, code and policy version`, population: total, probes: probes.rows[0]!.count, counts: counts.rows, terminals: terminals.rows, reconciliation: reconciled.counts, writers: reconciled.logs },
      "calls without decision": { ...packAnswer({ source, query: `decisions whose call has no end on record yet ${words}`, gaps: [...(open > 0 ? [`${open} calls have no end on record.`] : []), pastGateway], rows: reconciled.logs }), open, reportedPastGateway: reported.rows.filter((row) => row.kind === "telemetry.past_gateway").length },
      "sample of 25 or more decisions with full trace": { ...packAnswer({ source, query: `25 decisions ${words}: those with the lowest SHA-256 of the drawing value, a space and their id, in that order, so that anybody draws them again; each names the entries of its intent and result`, gaps: [...(sample.length < 25 ? [`Only ${sample.length} decisions exist.`] : []), ...(scope.audits.length > 0 ? [] : ["Drawn by a head of the log, which whoever runs the installation can wait for; a sample by an auditor's own value is in audits/ once an audit is opened."])], rows: sample }), population: total, drawnBy: scope.drawnBy },
    },
    E13: {
      "near misses": { ...packAnswer({ source, query: `calls that a rule, a boundary or a pinned definition stopped before they had effect ${words}, by system, code and rule`, gaps: ["Which of them somebody judged a near miss is not recorded: owner governance lead."], rows: stopped.rows }), population: total },
    },
    E09: { "approvals bound to arguments": { ...packAnswer({ source, query: `decisions with an approval ${words}, newest first, at most 1000`, rows: held }), population: await count(sql`approval IS NOT NULL`) } },
    E10: {
      "blocked and redacted events": { ...packAnswer({ source: `${source}, decision_tag`, query: `calls refused with data_boundary or legal_review ${words}, newest first, at most 1000; beside them (\`redacted\`) calls in which a rule had data replaced, by system and type`, gaps: await untagged(tx, org, scope), rows: refused }), redacted: masked.rows, population: await count(sql`outcome = 'deny' AND code IN ('data_boundary', 'legal_review')`) },
    },
  };
}

async function drawn(tx: Tx, inScope: RawBuilder<unknown>, by: string): Promise<readonly Record<string, unknown>[]> {
  const { rows } = await sql<Record<string, unknown>>`SELECT ${columns} FROM decision WHERE ${inScope} ORDER BY sha256(convert_to(${`${by} `} || id, 'UTF8')) LIMIT 25`.execute(tx);
  return rows;
}

/** A release before counted no redactions: they stand in sealed payloads alone. */
async function untagged(tx: Tx, org: string, { since }: PackScope): Promise<string[]> {
  const { rows } = await sql<{ before: Date }>`SELECT m.applied_at AS before FROM mandate_migration m, organization o WHERE m.number = 362 AND o.org = ${org} AND o.created_at < m.applied_at
    AND m.applied_at > coalesce(${since}::timestamptz, '-infinity')`.execute(tx);
  return rows.map(({ before }) => `Redactions before ${before.toISOString().slice(0, 10)} are in sealed payloads and are not counted here.`);
}

interface Reconciliation {
  readonly gaps: readonly string[];
  /** For each writer: what its own gapless count says it wrote, and what the log and the index hold of it. */
  readonly logs: readonly { readonly log: string; readonly written: number; readonly held: number; readonly intents: number; readonly outcomes: number; readonly decisions: number }[];
  readonly counts: { readonly entries: number; readonly references: number; readonly broken: number };
}

/**
 * Both ways: each place that a decision in scope names holds an entry with its id, and the logs hold as many entries of
 * decisions and calls as all decisions name.
 */
async function reconciliation(tx: Tx, org: string, inScope: RawBuilder<unknown>): Promise<Reconciliation> {
  const logs = await sql<Reconciliation["logs"][number]>`SELECT l.origin AS log, l.size::int AS written, count(e.index)::int AS held, count(*) FILTER (WHERE e.type = 'intent')::int AS intents,
      count(*) FILTER (WHERE e.type = 'outcome')::int AS outcomes, count(*) FILTER (WHERE e.type = 'decision')::int AS decisions
    FROM evidence_log l LEFT JOIN (SELECT origin, index, CASE WHEN position('"type":"call.intent"'::bytea IN leaf) > 0 THEN 'intent'
        WHEN position('"type":"call.outcome"'::bytea IN leaf) > 0 THEN 'outcome' WHEN position('"type":"decision"'::bytea IN leaf) > 0 THEN 'decision' END AS type
      FROM evidence_entry WHERE org = ${org}) e ON e.origin = l.origin
    WHERE l.org = ${org} GROUP BY 1, 2 ORDER BY 1`.execute(tx);
  const references = await sql<{ references: number }>`SELECT coalesce(sum((intent_log IS NOT NULL)::int + (result_log IS NOT NULL AND (result_log, result_index) IS DISTINCT FROM (intent_log, intent_index))::int), 0)::int AS references
    FROM decision WHERE org = ${org}`.execute(tx);
  // An entry holds the id of one decision, so of two that name the same one is broken.
  const named = await sql<{ broken: number }>`
    WITH place AS (
      SELECT id, intent_log AS log, intent_index AS index FROM decision WHERE ${inScope} AND intent_log IS NOT NULL
      UNION ALL SELECT id, result_log, result_index FROM decision WHERE ${inScope} AND result_log IS NOT NULL)
    SELECT count(*)::int AS broken FROM place p LEFT JOIN evidence_entry e ON e.org = ${org} AND e.origin = p.log AND e.index = p.index
    WHERE e.leaf IS NULL OR position(convert_to(p.id, 'UTF8') IN e.leaf) = 0`.execute(tx);
  const counts = { entries: logs.rows.reduce((sum, log) => sum + log.intents + log.outcomes + log.decisions, 0), ...references.rows[0]!, ...named.rows[0]! };
  const silent = logs.rows.filter((row) => row.written !== row.held).map((row) => `${row.log}: its writer counted ${row.written} entries, the log holds ${row.held}.`);
  return { counts, logs: logs.rows, gaps: [...reconciliationGaps(counts), ...silent] };
}

export function reconciliationGaps({ entries, references, broken }: Reconciliation["counts"]): string[] {
  return [
    ...(broken > 0 ? [`${broken} decisions name an entry that is not theirs or not there.`] : []),
    ...(entries !== references ? [`The logs hold ${entries} entries of decisions and calls; decisions name ${references}.`] : []),
  ];
}
