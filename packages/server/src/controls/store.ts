import { sql } from "kysely";
import type { Tx } from "../database/index.ts";
import { outcomeAt, outcomeFor } from "./result.ts";
import type { ControlFault, ControlProof, ControlResult, SystemCount } from "./result.ts";

interface Row {
  id: string;
  run: string;
  control: string;
  at: Date;
  grade: ControlResult["grade"];
  outcome: ControlResult["outcome"];
  reason: string;
  unit: string;
  population: string;
  faults: string;
  excepted: string;
  exceptions: readonly ControlFault[];
  systems: Readonly<Record<string, SystemCount>>;
  query: string;
  window_since: Date;
  window_until: Date;
  position: ControlResult["position"];
  proof: ControlProof | null;
  gateways: ControlResult["gateways"];
  started_by: string;
}

function fromRow(row: Row): ControlResult {
  const { id, run, control, grade, outcome, reason, unit, exceptions, systems, query, position, proof, gateways } = row;
  return {
    id, run, control, at: row.at.toISOString(), grade, outcome, reason, unit, population: Number(row.population), faults: Number(row.faults), excepted: Number(row.excepted), exceptions, systems, query,
    window: { since: row.window_since.toISOString(), until: row.window_until.toISOString() }, position, proof, gateways, startedBy: row.started_by,
  };
}

export async function keepResult(tx: Tx, org: string, one: ControlResult): Promise<void> {
  await sql`insert into control_results (org, id, run, control, at, grade, outcome, reason, unit, population, faults, excepted, exceptions, systems, query, window_since, window_until, position, proof, gateways, started_by)
    values (${org}, ${one.id}, ${one.run}, ${one.control}, ${one.at}, ${one.grade}, ${one.outcome}, ${one.reason}, ${one.unit}, ${one.population}, ${one.faults}, ${one.excepted}, ${JSON.stringify(one.exceptions)}::jsonb,
      ${JSON.stringify(one.systems)}::jsonb, ${one.query}, ${one.window.since}, ${one.window.until}, ${JSON.stringify(one.position)}::jsonb, ${one.proof === null ? null : JSON.stringify(one.proof)}::jsonb, ${JSON.stringify(one.gateways)}::jsonb, ${one.startedBy})`.execute(tx);
}

export interface ResultFilter {
  /** Empty or absent: every system. With systems, `outcome` is the one for these alone. */
  readonly systems?: readonly string[];
  /** RFC 3339: the newest result of each control before then. Absent: now. */
  readonly until?: string | null;
  /** RFC 3339: none older than that. */
  readonly since?: string | null;
}

/** The newest result of each control that was ever run, by control id; one that is too old reads `stale`. */
export async function latestResults(tx: Tx, org: string, nowMs: number, { systems = [], until, since }: ResultFilter = {}): Promise<readonly ControlResult[]> {
  const { rows } = await sql<Row>`select distinct on (control) * from control_results where org = ${org} and (${until ?? null}::timestamptz is null or at < ${until ?? null}::timestamptz)
    and (${since ?? null}::timestamptz is null or at >= ${since ?? null}::timestamptz) order by control, at desc, id desc`.execute(tx);
  const readAtMs = until == null ? nowMs : Math.min(nowMs, Date.parse(until));
  return rows.map(fromRow).map((one) => {
    const about = { ...one, outcome: outcomeFor(one, systems) };
    return { ...about, outcome: outcomeAt(about, readAtMs) };
  });
}

export interface HistoryPage {
  readonly control?: string | undefined;
  readonly run?: string | undefined;
  readonly since?: string | null | undefined;
  readonly until?: string | null | undefined;
  readonly cursor?: string | undefined;
  readonly limit: number;
}

/** Every run's results, newest first, as they were found. */
export async function resultHistory(tx: Tx, org: string, { control, run, since, until, cursor, limit }: HistoryPage): Promise<readonly ControlResult[]> {
  const { rows } = await sql<Row>`select * from control_results where org = ${org} and (${control ?? null}::text is null or control = ${control ?? null}) and (${run ?? null}::text is null or run = ${run ?? null})
    and (${since ?? null}::timestamptz is null or at >= ${since ?? null}::timestamptz) and (${until ?? null}::timestamptz is null or at < ${until ?? null}::timestamptz)
    and (${cursor ?? null}::text is null or id < ${cursor ?? null}) order by id desc limit ${limit}`.execute(tx);
  return rows.map(fromRow);
}

/** Who was given the open finding of a control that fails, by control. */
export async function gapOwners(tx: Tx, org: string): Promise<ReadonlyMap<string, string>> {
  const { rows } = await sql<{ control: string; owner: string }>`select substr(key, length('control.failed:') + 1) as control, owner from findings where org = ${org} and kind = 'control.failed' and state = 'open' and owner is not null`.execute(tx);
  return new Map(rows.map((row) => [row.control, row.owner]));
}
