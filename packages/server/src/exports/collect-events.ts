import type { EventFacts } from "@mandate/frameworks/exports";
import { parseHeader } from "@mandate/ledger";
import { sql } from "kysely";
import type { Tx } from "../database/index.ts";

export const eventBatch = 1_000;

interface DecisionRow {
  readonly id: string;
  readonly code: string | null;
  readonly rule: string | null;
  readonly action: string;
  readonly resource: string;
  readonly surface: string;
  readonly input_tokens: string | null;
  readonly output_tokens: string | null;
  readonly duration_ms: number | null;
}

/**
 * The entries of one log from `from`, at most `limit`, with what their decisions say. Payloads aren't opened.
 * @param systems null: every entry; else those of these systems alone
 */
export async function readEvents(tx: Tx, org: string, origin: string, from: number, to: number, systems: readonly string[] | null): Promise<readonly EventFacts[]> {
  const { rows } = await sql<{ index: string; leaf: Buffer }>`select index, leaf from evidence_entry where org = ${org} and origin = ${origin} and index >= ${from} and index < ${to} order by index`.execute(tx);
  const entries = rows.map((row) => ({ index: Number(row.index), header: { ...parseHeader(row.leaf) } as Readonly<Record<string, unknown>> })).filter(({ header }) => systems === null || (typeof header["system"] === "string" && systems.includes(header["system"])));
  const ids = [...new Set(entries.flatMap(({ header }) => (typeof header["decision"] === "string" ? [header["decision"]] : [])))];
  const decisions = await readDecisions(tx, org, ids);
  return entries.map(({ index, header }) => {
    const row = typeof header["decision"] === "string" ? decisions.get(header["decision"]) : undefined;
    // What a decision's row gained from its outcome isn't known at its intent: an event says what its own entry says.
    const isOutcome = header["type"] !== "call.intent";
    return {
      origin, index, header,
      decision: row === undefined ? null : { code: row.code, rule: row.rule, action: row.action, resource: row.resource, surface: row.surface, inputTokens: isOutcome ? numberOf(row.input_tokens) : null, outputTokens: isOutcome ? numberOf(row.output_tokens) : null, durationMs: isOutcome ? row.duration_ms : null },
    };
  });
}

function numberOf(value: string | null): number | null {
  return value === null ? null : Number(value);
}

async function readDecisions(tx: Tx, org: string, ids: readonly string[]): Promise<ReadonlyMap<string, DecisionRow>> {
  if (ids.length === 0) return new Map();
  const { rows } = await sql<DecisionRow>`select id, code, rule, action, resource, surface, input_tokens, output_tokens, duration_ms from decision where org = ${org} and id = any(${[...ids]})`.execute(tx);
  return new Map(rows.map((row) => [row.id, row]));
}

/** Every log up to its stated size, in batches. */
export async function* allEvents(tx: Tx, org: string, logs: readonly { readonly origin: string; readonly size: number }[], systems: readonly string[] | null): AsyncGenerator<readonly EventFacts[]> {
  for (const { origin, size } of logs) {
    for (let at = 0; at < size; at += eventBatch) yield await readEvents(tx, org, origin, at, Math.min(at + eventBatch, size), systems);
  }
}
