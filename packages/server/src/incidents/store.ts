import type { IncidentAnswers } from "@mandate/frameworks";
import { sql } from "kysely";
import type { Tx } from "../database/index.ts";
import type { Severity } from "../findings/index.ts";
import { clocksOf } from "./clocks.ts";
import type { ClockRow, IncidentClock } from "./clocks.ts";
import { incidentUnknown } from "./errors.ts";

export interface IncidentRow {
  readonly id: string;
  readonly title: string;
  readonly severity: Severity;
  readonly state: "open" | "closed";
  readonly systems: readonly string[];
  readonly answers: IncidentAnswers;
  readonly awareAt: Date;
  readonly openedAt: Date;
  readonly openedBy: string;
  readonly closedAt: Date | null;
  readonly closedBy: string | null;
  readonly closedHow: string | null;
}

export interface Incident {
  readonly id: string;
  readonly title: string;
  readonly severity: Severity;
  readonly state: "open" | "closed";
  readonly systems: readonly string[];
  readonly answers: IncidentAnswers;
  readonly aware: string;
  readonly openedAt: string;
  readonly openedBy: string;
  readonly closed: { readonly at: string; readonly by: string; readonly how: string } | null;
  readonly clocks: readonly IncidentClock[];
  /** Of the clocks that still run, the one that ends first. */
  readonly nextDue: string | null;
  readonly overdue: boolean;
}

const columns = sql`id, title, severity, state, systems, answers, aware_at as "awareAt", opened_at as "openedAt", opened_by as "openedBy", closed_at as "closedAt", closed_by as "closedBy", closed_how as "closedHow"`;

const running = (clock: IncidentClock): boolean => clock.state === "unconfirmed" || clock.state === "running" || clock.state === "overdue";

export function shownIncident(row: IncidentRow, clockRows: readonly ClockRow[], nowMs: number): Incident {
  const clocks = clocksOf(row, clockRows, nowMs);
  const open = row.state === "open" ? clocks.filter(running) : [];
  return {
    id: row.id,
    title: row.title,
    severity: row.severity,
    state: row.state,
    systems: row.systems,
    answers: row.answers,
    aware: row.awareAt.toISOString(),
    openedAt: row.openedAt.toISOString(),
    openedBy: row.openedBy,
    closed: row.closedAt === null ? null : { at: row.closedAt.toISOString(), by: row.closedBy ?? "", how: row.closedHow ?? "" },
    clocks,
    nextDue: open.map((one) => one.due).toSorted()[0] ?? null,
    overdue: open.some((one) => one.state === "overdue"),
  };
}

export async function readIncident(tx: Tx, org: string, id: string, lock = false): Promise<IncidentRow> {
  const { rows } = await sql<IncidentRow>`select ${columns} from incidents where org = ${org} and id = ${id} ${lock ? sql`for update` : sql``}`.execute(tx);
  if (rows[0] === undefined) throw incidentUnknown();
  return rows[0];
}

export async function clockRows(tx: Tx, org: string, ids: readonly string[]): Promise<ReadonlyMap<string, readonly ClockRow[]>> {
  const { rows } = await sql<ClockRow & { incident: string }>`select incident, clock, applies, decided_by as "decidedBy", decided_at as "decidedAt", decided_reason as "decidedReason", draft, submitted_at as "submittedAt", submitted_by as "submittedBy", reference, reminded
    from incident_clocks where org = ${org} and incident = any(${[...ids]})`.execute(tx);
  return Map.groupBy(rows, (row) => row.incident);
}

export async function showIncident(tx: Tx, org: string, id: string, nowMs: number): Promise<Incident> {
  const row = await readIncident(tx, org, id);
  return shownIncident(row, (await clockRows(tx, org, [id])).get(id) ?? [], nowMs);
}

/** Newest first. */
export async function listIncidents(tx: Tx, org: string, nowMs: number, page: { readonly cursor?: string | undefined; readonly limit: number; readonly state?: string | undefined; readonly system?: string | undefined; readonly severity?: string | undefined }): Promise<readonly Incident[]> {
  const given = (value: string | undefined) => value ?? null;
  const { rows } = await sql<IncidentRow>`select ${columns} from incidents where org = ${org} and (${given(page.cursor)}::text is null or id < ${given(page.cursor)})
    and (${given(page.state)}::text is null or state = ${given(page.state)}) and (${given(page.severity)}::text is null or severity = ${given(page.severity)})
    and (${given(page.system)}::text is null or ${given(page.system)} = any(systems)) order by id desc limit ${page.limit}`.execute(tx);
  const clocks = await clockRows(tx, org, rows.map((row) => row.id));
  return rows.map((row) => shownIncident(row, clocks.get(row.id) ?? [], nowMs));
}

/** The open ones, newest first. */
export const openIncidents = (tx: Tx, org: string, nowMs: number, limit: number): Promise<readonly Incident[]> => listIncidents(tx, org, nowMs, { limit, state: "open" });
