import { isProbe } from "@mandate/model";
import { sql } from "kysely";
import type { Tx } from "../../database/index.ts";
import type { ProbeOutcome } from "./call.ts";
import { probeCases } from "./cases.ts";
import type { ProbeCase } from "./cases.ts";

interface Row {
  readonly id: string;
  readonly at: Date;
  readonly system: string | null;
  readonly credential: string | null;
  readonly code: string | null;
  readonly log: string | null;
}

/** Clocks of two machines that work together differ by less. */
const skewMs = 60_000;

/**
 * A gateway elsewhere tells what it met; the refusal itself stands in its log, if it was one. INVARIANT: what its log
 * doesn't show, of a probe and of now, is not known, whatever it said.
 * @param sinceMs when probing began
 */
export async function heldToTheirLogs(tx: Tx, org: string, outcomes: readonly ProbeOutcome[], sinceMs: number): Promise<readonly ProbeOutcome[]> {
  const ids = outcomes.flatMap((one) => (one.origin === null ? [] : (one.decision ?? [])));
  const { rows } = ids.length === 0 ? { rows: [] } : await sql<Row>`select id, at, system, credential, code, coalesce(result_log, intent_log) as log from decision where org = ${org} and id = any(${ids})`.execute(tx);
  const byId = new Map(rows.map((row) => [row.id, row]));
  return outcomes.map((one) => {
    const planted = caseOf(one);
    if (one.origin === null || one.met !== "refused" || planted?.unwritten === true) return one;
    const row = byId.get(one.decision ?? "");
    const shown = row !== undefined && row.log === one.origin && row.code === planted?.refused.code && (isProbe(row.system) || isProbe(row.credential)) && row.at.getTime() >= sinceMs - skewMs;
    return shown ? one : { ...one, met: "not_known", saw: `it said ${one.saw}, and its log doesn't show that` };
  });
}

function caseOf({ control, planted }: ProbeOutcome): ProbeCase | undefined {
  return probeCases.find((one) => one.control === control && one.planted === planted);
}
