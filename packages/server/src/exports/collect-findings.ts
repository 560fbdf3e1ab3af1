import type { FindingFacts, RuleFacts, SarifSource } from "@mandate/frameworks/exports";
import { sql } from "kysely";
import type { Tx } from "../database/index.ts";
import { findingKind, findingStateNow, listFindings } from "../findings/index.ts";
import type { Finding } from "../findings/index.ts";

const batch = 500;

/** @param systems null: every finding; else those of these systems alone */
export async function* findingBatches(tx: Tx, org: string, nowMs: number, systems: readonly string[] | null): AsyncGenerator<readonly FindingFacts[]> {
  let cursor: string | undefined;
  for (;;) {
    const rows = await listFindings(tx, org, nowMs, { cursor, limit: batch, ...(systems?.length === 1 ? { system: systems[0] } : {}) });
    const wanted = rows.filter((one) => systems === null || (one.system !== null && systems.includes(one.system)));
    yield wanted.flatMap(factsOf);
    if (rows.length < batch) return;
    cursor = rows.at(-1)!.id;
  }
}

function factsOf(one: Finding): readonly FindingFacts[] {
  if (one.state === "closed") return [];
  const stands = one.dismissed ?? (one.excepted === null ? null : { by: one.excepted.by.join(", "), reason: `Exception ${one.excepted.exception}; instead: ${one.excepted.compensating}`, until: one.excepted.until });
  return [{ id: one.id, cause: one.cause, causeTitle: one.causeTitle, severity: one.severity, title: one.title, detail: one.detail, system: one.system, owner: one.owner, state: one.state, openedAt: one.openedAt, lastSeenAt: one.lastSeenAt, due: one.due, seen: one.seen, fix: one.fix.text, stands }];
}

/** Causes and counts first, because the writer states them before and after what it streams. */
export async function sarifSource(tx: Tx, org: string, nowMs: number, systems: readonly string[] | null): Promise<SarifSource> {
  const state = findingStateNow(new Date(nowMs));
  const { rows } = await sql<{ kind: string; state: FindingFacts["state"]; count: number }>`select kind, ${state} as state, count(*)::int as count from findings
    where org = ${org} and ${state} <> 'closed' and (${systems}::text[] is null or system = any(${systems}::text[])) group by 1, 2`.execute(tx);
  const counts = { open: 0, dismissed: 0, excepted: 0 };
  for (const row of rows) counts[row.state] += row.count;
  const rules = [...new Set(rows.map((row) => row.kind))].sort().map((kind): RuleFacts => {
    const { title, severity, fix } = findingKind(kind);
    return { id: kind, title, severity, fix: fix.text };
  });
  return { rules, counts, findings: findingBatches(tx, org, nowMs, systems) };
}
