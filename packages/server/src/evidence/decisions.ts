import { sql } from "kysely";
import type { EntryHeader, EntryRef, Terminal, Verdict } from "@mandate/model";
import type { DecidedTool, DecisionSummary } from "@mandate/gateway";
import type { Tx } from "../database/index.ts";
import { earliestId } from "./decision-ids.ts";

/** One decision as `GET /api/v1/decisions/{id}` answers it. */
export interface DecisionRecord {
  readonly id: string;
  readonly at: string;
  readonly outcome: Verdict;
  readonly code: string | null;
  readonly reason: string;
  readonly rule: string | null;
  readonly system: string | null;
  readonly action: string;
  readonly resource: string;
  readonly surface: string;
  readonly credential: string | null;
  readonly approval: string | null;
  readonly durationMs: number | null;
  readonly tokens: { readonly input: number; readonly output: number } | null;
  readonly policyVersion: string;
  readonly registerVersion: number;
  /** Null while the call runs. */
  readonly terminal: Terminal | null;
  readonly intent: EntryRef | null;
  readonly result: EntryRef | null;
  /** Tool calls decided inside a model's answer. */
  readonly tools: readonly DecidedTool[];
  readonly session: string | null;
}

export interface IndexedEntry {
  readonly header: EntryHeader;
  readonly ref: EntryRef;
  readonly summary: Partial<DecisionSummary> & { readonly session?: unknown; readonly subject?: unknown; readonly classes?: unknown; readonly trace?: unknown };
}

type Row = Record<string, unknown> & { id: string };

/** A row for one entry; an outcome leaves the intent's place open and the other way round. */
function rowOf({ header, ref, summary }: IndexedEntry): Row {
  const result = header.type === "call.outcome";
  return {
    id: header.decision!,
    at: header.at,
    outcome: header.outcome ?? "deny",
    code: summary.code ?? null,
    reason: summary.reason ?? "",
    rule: summary.rule ?? null,
    system: header.system ?? null,
    action: summary.action ?? "",
    resource: summary.resource ?? "",
    surface: summary.surface ?? "",
    credential: summary.credential ?? null,
    approval: summary.approval ?? header.approvals?.[0] ?? null,
    duration_ms: summary.durationMs ?? null,
    input_tokens: summary.tokens?.input ?? null,
    output_tokens: summary.tokens?.output ?? null,
    policy_version: header.policy ?? "",
    register_version: header.register ?? 0,
    terminal: header.type === "call.intent" ? null : (header.terminal ?? null),
    intent_log: result ? null : ref.log,
    intent_index: result ? null : ref.index,
    result_log: result ? ref.log : null,
    result_index: result ? ref.index : null,
    tools: summary.tools ?? null,
    session: typeof summary.session === "string" ? summary.session.slice(0, 200) : null,
    subject: typeof summary.subject === "string" && /^[0-9a-f]{32}$/.test(summary.subject) ? summary.subject : null,
    trace: typeof summary.trace === "string" && /^[0-9a-f]{32}$/.test(summary.trace) ? summary.trace : null,
    links: namesOf(summary.links),
    masked: namesOf(summary.masked),
    classes: Array.isArray(summary.classes) ? summary.classes.filter((one): one is string => typeof one === "string").slice(0, 50) : null,
  };
}

/** What a gateway that isn't ours to trust says is bounded before it is kept. */
function namesOf(value: unknown): readonly string[] | null {
  return Array.isArray(value) ? value.filter((one): one is string => typeof one === "string" && one.length <= 200).slice(0, 50) : null;
}

/** Intent and outcome of one batch in one row: the later speaks, the earlier's time and places stay. */
function merge(earlier: Row, later: Row): Row {
  const merged: Row = { ...earlier };
  for (const [name, value] of Object.entries(later))
    if (value !== null && value !== "" && name !== "at") merged[name] = value;
  merged.code = later.code;
  // Either may have had something replaced: in what was asked, and in what was answered.
  const masked = [earlier, later].flatMap((row) => (row["masked"] as readonly string[] | null) ?? []);
  merged["masked"] = masked.length === 0 ? null : [...new Set(masked)];
  return merged;
}

/** Entry types that the index shows. */
export function isIndexed(header: EntryHeader): boolean {
  return (
    header.decision !== undefined &&
    (header.type === "call.intent" || header.type === "call.outcome" || header.type === "decision")
  );
}

/** What a decision is found by. `link`: who acted for whom; `masked`: a type of data that was replaced. */
type TagKind = "class" | "tool" | "trace" | "link" | "masked";

/** What a batch of entries adds to the index of decisions, as `mandate_index_batch` takes it. */
export interface DecisionBatch {
  /** JSON of rows that have none yet; null when there are none. */
  readonly begun: string | null;
  /** JSON of rows that complete one that may be there. */
  readonly ended: string | null;
  /** Texts that the index may not hold yet. */
  readonly reasons: readonly string[];
  readonly tags: readonly { readonly kind: TagKind; readonly value: string; readonly id: string }[];
  /** Hex tags of whose content an entry is. */
  readonly subjects: readonly { readonly subject: string; readonly origin: string; readonly index: number }[];
}

/** @param known reasons that the index holds already: few texts are said often */
export function decisionRows(org: string, entries: readonly IndexedEntry[], known: ReadonlySet<string> = new Set()): DecisionBatch {
  const rows = new Map<string, Row>();
  for (const entry of entries) {
    const row = rowOf(entry);
    const earlier = rows.get(row.id);
    rows.set(row.id, earlier ? merge(earlier, row) : row);
  }
  const begun: Record<string, unknown>[] = [];
  const ended: Record<string, unknown>[] = [];
  const reasons = new Set<string>();
  const tags: { kind: TagKind; value: string; id: string }[] = [];
  const subjects: { subject: string; origin: string; index: number }[] = [];
  for (const { classes, trace, links, masked, ...row } of rows.values()) {
    // What is null is left out: reading a batch's JSON costs the database as much as writing its rows.
    const told: Record<string, unknown> = { org };
    for (const [name, value] of Object.entries(row)) if (value !== null) told[name] = value;
    if (typeof row["subject"] === "string") {
      told["subject"] = `\\x${row["subject"]}`;
      for (const [origin, index] of [[row["intent_log"], row["intent_index"]], [row["result_log"], row["result_index"]]])
        if (typeof origin === "string" && typeof index === "number") subjects.push({ subject: row["subject"], origin, index });
    }
    (row["intent_index"] === null ? ended : begun).push(told);
    if (typeof row["reason"] === "string" && row["reason"] !== "" && !known.has(row["reason"])) reasons.add(row["reason"]);
    for (const value of (classes as readonly string[] | null) ?? []) tags.push({ kind: "class", value, id: row.id });
    for (const value of (links as readonly string[] | null) ?? []) tags.push({ kind: "link", value, id: row.id });
    for (const value of (masked as readonly string[] | null) ?? []) tags.push({ kind: "masked", value, id: row.id });
    for (const { tool } of (row["tools"] as readonly DecidedTool[] | null) ?? []) if (typeof tool === "string") tags.push({ kind: "tool", value: tool, id: row.id });
    if (typeof trace === "string") tags.push({ kind: "trace", value: trace, id: row.id });
  }
  const jsonOf = (list: readonly unknown[]): string | null => (list.length === 0 ? null : JSON.stringify(list));
  return { begun: jsonOf(begun), ended: jsonOf(ended), reasons: [...reasons], tags, subjects };
}

/** A row of the index. */
export interface Stored {
  id: string;
  at: Date;
  outcome: Verdict;
  code: string | null;
  reason: string;
  rule: string | null;
  system: string | null;
  action: string;
  resource: string;
  surface: string;
  credential: string | null;
  approval: string | null;
  duration_ms: number | null;
  input_tokens: string | null;
  output_tokens: string | null;
  policy_version: string;
  register_version: string;
  terminal: Terminal | null;
  intent_log: string | null;
  intent_index: string | null;
  result_log: string | null;
  result_index: string | null;
  tools: readonly DecidedTool[] | null;
  session: string | null;
}

export function recordOf(row: Stored): DecisionRecord {
  const ref = (log: string | null, index: string | null): EntryRef | null =>
    log === null || index === null ? null : { log, index: Number(index) };
  return {
    id: row.id,
    at: row.at.toISOString(),
    outcome: row.outcome,
    code: row.code,
    reason: row.reason,
    rule: row.rule,
    system: row.system,
    action: row.action,
    resource: row.resource,
    surface: row.surface,
    credential: row.credential,
    approval: row.approval,
    durationMs: row.duration_ms,
    tokens:
      row.input_tokens === null && row.output_tokens === null
        ? null
        : { input: Number(row.input_tokens ?? 0), output: Number(row.output_tokens ?? 0) },
    policyVersion: row.policy_version,
    registerVersion: Number(row.register_version),
    terminal: row.terminal,
    intent: ref(row.intent_log, row.intent_index),
    result: ref(row.result_log, row.result_index),
    tools: row.tools ?? [],
    session: row.session,
  };
}

export async function getDecision(tx: Tx, org: string, id: string): Promise<DecisionRecord | undefined> {
  const { rows } = await sql<Stored>`SELECT * FROM decision WHERE org = ${org} AND id = ${id}`.execute(tx);
  return rows[0] ? recordOf(rows[0]) : undefined;
}

export interface Tally {
  readonly allow: number;
  readonly hold: number;
  readonly deny: number;
}

/** Decisions an hour, oldest hour first; hours without any are left out. */
export async function tallyByHour(
  tx: Tx,
  org: string,
  filter: { system?: string; since: string },
): Promise<({ at: string } & Tally)[]> {
  const { rows } = await sql<{ at: Date; allow: number; hold: number; deny: number }>`
    SELECT date_trunc('hour', at) AS at, count(*) FILTER (WHERE outcome = 'allow')::int AS allow,
      count(*) FILTER (WHERE outcome = 'hold')::int AS hold, count(*) FILTER (WHERE outcome = 'deny')::int AS deny
    FROM decision WHERE org = ${org} AND id >= ${earliestId(filter.since)} AND at >= ${filter.since}::timestamptz ${filter.system === undefined ? sql`AND coalesce(system, '') NOT LIKE 'probe:%' AND coalesce(credential, '') NOT LIKE 'probe:%'` : sql`AND system = ${filter.system}`}
    GROUP BY 1 ORDER BY 1`.execute(tx);
  return rows.map((row) => ({ ...row, at: row.at.toISOString() }));
}

/** Decisions by resource (`tool:refunds.issue`), most frequent first: calls, and the tool calls inside their answers. A hold of such a tool call is the tool's: its model was allowed. */
export async function tallyByResource(
  tx: Tx,
  org: string,
  filter: { system: string; since: string },
): Promise<({ resource: string } & Tally)[]> {
  const { rows } = await sql<{ resource: string; allow: number; hold: number; deny: number }>`
    WITH recent AS (SELECT resource, outcome, tools FROM decision WHERE org = ${org} AND system = ${filter.system} AND id >= ${earliestId(filter.since)} AND at >= ${filter.since}::timestamptz),
      decided AS (SELECT resource, CASE WHEN tools @> jsonb_build_array(jsonb_build_object('outcome', outcome)) THEN 'allow' ELSE outcome END AS outcome FROM recent
        UNION ALL SELECT 'tool:' || one.tool, one.outcome FROM recent, jsonb_to_recordset(recent.tools) AS one(tool text, outcome text))
    SELECT resource, count(*) FILTER (WHERE outcome = 'allow')::int AS allow,
      count(*) FILTER (WHERE outcome = 'hold')::int AS hold, count(*) FILTER (WHERE outcome = 'deny')::int AS deny
    FROM decided GROUP BY 1 ORDER BY count(*) DESC LIMIT 200`.execute(tx);
  return rows;
}
