import type { KeptSpan } from "@mandate/gateway";
import { sql } from "kysely";
import type { Tx } from "../database/index.ts";

/** A span as a system reported it of itself. Times are RFC 3339, by the application's clock. */
export interface ShownSpan {
  readonly system: string;
  readonly trace: string;
  readonly span: string;
  readonly parent: string | null;
  readonly operation: string;
  readonly model: string | null;
  readonly tool: string | null;
  readonly address: string | null;
  readonly decision: string | null;
  readonly started: string;
  readonly ended: string | null;
}

/** A span that is there already stays as it was first told: a later report can't change what was seen. */
export async function insertSpans(tx: Tx, org: string, system: string, spans: readonly KeptSpan[], at: Date): Promise<void> {
  const rows = spans.map((span) => ({ trace: span.traceId, span: span.spanId, parent: span.parentSpanId, operation: span.operation, model: span.model, tool: span.tool, address: span.address, decision: span.decision, started: new Date(span.startedMs), ended: span.endedMs === null ? null : new Date(span.endedMs) }));
  await sql`INSERT INTO reported_span (org, trace, system, span, parent, operation, model, tool, address, decision, started_at, ended_at, received_at)
    SELECT ${org}, r.trace, ${system}, r.span, r.parent, r.operation, r.model, r.tool, r.address, r.decision, r.started, r.ended, ${at}
    FROM jsonb_to_recordset(${JSON.stringify(rows)}::jsonb) AS r(trace text, span text, parent text, operation text, model text, tool text, address text, decision text, started timestamptz, ended timestamptz)
    ON CONFLICT DO NOTHING`.execute(tx);
}

/** Spans of these systems in these traces, in the order in which they began. */
export async function spansOf(tx: Tx, org: string, systems: readonly string[], traces: readonly string[], limit: number): Promise<ShownSpan[]> {
  if (systems.length === 0 || traces.length === 0) return [];
  const { rows } = await sql<Omit<ShownSpan, "started" | "ended"> & { started_at: Date; ended_at: Date | null }>`
    SELECT system, trace, span, parent, operation, model, tool, address, decision, started_at, ended_at FROM reported_span
    WHERE org = ${org} AND trace = ANY(${[...traces]}::text[]) AND system = ANY(${[...systems]}::text[]) ORDER BY started_at, span LIMIT ${limit}`.execute(tx);
  return rows.map(({ started_at, ended_at, ...row }) => ({ ...row, started: started_at.toISOString(), ended: ended_at?.toISOString() ?? null }));
}

/** Removes what came before `before`, and a system's oldest beyond `most`. */
export async function dropSpans(tx: Tx, org: string, before: Date, most: number): Promise<void> {
  await sql`DELETE FROM reported_span WHERE org = ${org} AND received_at < ${before}`.execute(tx);
  const { rows } = await sql<{ system: string }>`SELECT system FROM reported_span WHERE org = ${org} GROUP BY system HAVING count(*) > ${most}`.execute(tx);
  for (const { system } of rows)
    await sql`DELETE FROM reported_span WHERE org = ${org} AND system = ${system} AND received_at < (SELECT received_at FROM reported_span WHERE org = ${org} AND system = ${system} ORDER BY received_at DESC OFFSET ${most - 1} LIMIT 1)`.execute(tx);
}
