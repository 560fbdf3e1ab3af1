import { parseHeader } from "@mandate/ledger";
import type { SessionLabels } from "@mandate/model";
import { sql } from "kysely";
import type { Tx } from "../database/index.ts";
import { deciders, decisionItem } from "../decisions/index.ts";
import { listDecisions, openJson, PayloadReader, readLeaf } from "../evidence/index.ts";
import type { LogKeys } from "../evidence/index.ts";
import { spansOf } from "../reported-spans/index.ts";

const maxSteps = 500;
const maxSpans = 500;

/** One conversation as it ran. Labels are what the rules saw; no message is opened for it. */
export async function readSession(tx: Tx, org: string, keys: LogKeys, id: string) {
  const { items: newest, nextCursor } = await listDecisions(tx, org, { session: id, limit: maxSteps });
  if (newest.length === 0) return undefined;
  const items = newest.toReversed();
  const people = await deciders(tx, org, items.flatMap((one) => one.approval ?? []));
  const classes = await classesOf(tx, org, items.map((one) => one.id));
  const traces = await traceOf(tx, org, items.map((one) => one.id));
  const systems = [...new Set(items.flatMap((one) => one.system ?? []))];
  const spans = await spansOf(tx, org, systems, [...new Set(traces.values())], maxSpans + 1);
  const reader = new PayloadReader(tx, org, keys);
  const steps = [];
  for (const one of items) {
    const person = people.get(one.approval ?? "");
    steps.push({
      decision: decisionItem(one, person),
      approval: one.approval === null ? null : { id: one.approval, state: person?.state ?? "unknown" },
      trace: traces.get(one.id) ?? null,
      classes: classes.get(one.id) ?? [],
      labels: one.intent === null ? null : await labelsOf(tx, org, reader, one.intent),
    });
  }
  return {
    id,
    systems,
    started: items[0]!.at,
    last: items.at(-1)!.at,
    steps,
    /** Earlier steps exist: the newest are shown. */
    truncated: nextCursor !== null,
    /** What its systems report of themselves in the same traces: their own word, no evidence. */
    spans: spans.slice(0, maxSpans),
    spansTruncated: spans.length > maxSpans,
  };
}

async function classesOf(tx: Tx, org: string, ids: readonly string[]): Promise<Map<string, string[]>> {
  const { rows } = await sql<{ id: string; values: string[] }>`select d.id, array(select t.value from decision_tag t where t.org = ${org} and t.kind = 'class' and t.id = d.id order by 1) as values
    from unnest(${[...ids]}::text[]) as d(id)`.execute(tx);
  return new Map(rows.map((row) => [row.id, row.values]));
}

/** By decision: the trace that its caller named. */
async function traceOf(tx: Tx, org: string, ids: readonly string[]): Promise<Map<string, string>> {
  const { rows } = await sql<{ id: string; value: string }>`select id, value from decision_tag where org = ${org} and id = any(${[...ids]}::text[]) and kind = 'trace'`.execute(tx);
  return new Map(rows.map((row) => [row.id, row.value]));
}

/** Null when erased, or when no rule was asked. */
async function labelsOf(tx: Tx, org: string, reader: PayloadReader, at: { readonly log: string; readonly index: number }): Promise<SessionLabels | null> {
  const leaf = await readLeaf(tx, org, at.log, at.index);
  if (leaf === undefined) return null;
  const header = parseHeader(leaf);
  const context = await openJson(reader, header["xct"], header["xpc"]);
  if (typeof context !== "object" || context === null || !("request" in context)) return null;
  const { request } = context as { request: { labels?: SessionLabels } | null };
  return request?.labels ?? null;
}
