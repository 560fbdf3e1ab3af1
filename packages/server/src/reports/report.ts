import { sql } from "kysely";
import { AppError } from "@mandate/model";
import { controls } from "@mandate/frameworks";
import { latestResults, queryText } from "../controls/index.ts";
import type { ControlOutcome, Grade } from "../controls/index.ts";
import type { Tx } from "../database/index.ts";
import { logSummaries } from "../evidence/index.ts";
import { figures, questionOf, unmeasured, valuesOf } from "./figures.ts";
import type { Period, Section } from "./figures.ts";

export const reportKinds = ["governance", "board"] as const;
export type ReportKind = (typeof reportKinds)[number];

export interface ReportFigure {
  readonly id: string;
  readonly section: Section;
  readonly label: string;
  readonly unit: string;
  /** Null: not measured, and `why` says so. */
  readonly value: number | null;
  /** The same question for the month before; null: there was nothing to count yet. */
  readonly before: number | null;
  readonly better: "more" | "less" | null;
  readonly asks: string;
  /** As it was put to the database; null where nothing was asked. */
  readonly query: string | null;
  readonly href: string | null;
  readonly why: string | null;
}

export interface Report {
  readonly kind: ReportKind;
  readonly organization: string;
  /** `2026-11`. */
  readonly month: string;
  readonly since: string;
  readonly until: string;
  /** False while the month still runs. */
  readonly complete: boolean;
  readonly made: string;
  readonly position: readonly { readonly origin: string; readonly size: number; readonly root: string }[];
  readonly figures: readonly ReportFigure[];
  /** Controls that don't pass, worst first. */
  readonly gaps: readonly { readonly control: string; readonly statement: string; readonly outcome: ControlOutcome; readonly grade: Grade; readonly reason: string }[];
  readonly denials: readonly { readonly code: string; readonly calls: number }[];
}

/** @throws AppError `reports.month` (400) for a month that hasn't begun */
export async function makeReport(tx: Tx, org: string, organization: string, nowMs: number, kind: ReportKind, month: string): Promise<Report> {
  const since = new Date(`${month}-01T00:00:00Z`);
  if (since.getTime() > nowMs) throw new AppError({ code: "reports.month", status: 400, message: `${month} hasn't begun.`, remedies: [{ text: "Ask for this month or an earlier one." }] });
  const ends = Date.UTC(since.getUTCFullYear(), since.getUTCMonth() + 1, 1);
  const period: Period = { org, since, until: new Date(Math.min(ends, nowMs)) };
  const earlier: Period = { org, since: new Date(Date.UTC(since.getUTCFullYear(), since.getUTCMonth() - 1, 1)), until: since };
  const { rows: begun } = await sql<{ at: Date | null }>`select min(created_at) as at from organization where org = ${org}`.execute(tx);
  const hadBefore = begun[0]?.at != null && begun[0].at < earlier.until;
  const asked = figures.filter((figure) => kind === "governance" || figure.board);
  const values = await valuesOf(tx, asked, period);
  const valuesBefore = hadBefore ? await valuesOf(tx, asked, earlier) : new Map<string, number | null>();
  const shown = asked.map((figure): ReportFigure => ({
    id: figure.id, section: figure.section, label: figure.label, unit: figure.unit, value: values.get(figure.id) ?? null, before: valuesBefore.get(figure.id) ?? null,
    better: figure.better ?? null, asks: figure.asks, query: queryText(tx, questionOf(figure, period)), href: figure.href, why: null,
  }));
  for (const { id, section, label, why, board } of unmeasured) if (kind === "governance" || board) shown.push({ id, section, label, unit: "", value: null, before: null, better: null, asks: label, query: null, href: null, why });
  const results = await latestResults(tx, org, nowMs, { until: period.until.toISOString() });
  const order: readonly ControlOutcome[] = ["fail", "stale", "unproven"];
  const gaps = results.filter((one) => order.includes(one.outcome)).toSorted((a, b) => order.indexOf(a.outcome) - order.indexOf(b.outcome) || a.control.localeCompare(b.control));
  const { rows: denials } = await sql<{ code: string; calls: number }>`select d.code, count(*)::int as calls from decision d where d.org = ${org} and d.at >= ${period.since} and d.at < ${period.until} and d.outcome = 'deny' and d.code is not null
    and coalesce(d.system, '') not like 'probe:%' and coalesce(d.credential, '') not like 'probe:%' group by d.code order by 2 desc, 1 limit 10`.execute(tx);
  return {
    kind, organization, month, since: period.since.toISOString(), until: period.until.toISOString(), complete: ends <= nowMs, made: new Date(nowMs).toISOString(),
    position: (await logSummaries(tx, org)).map(({ origin, size, root }) => ({ origin, size, root })),
    figures: shown,
    gaps: gaps.map(({ control, outcome, grade, reason }) => ({ control, statement: controls().find((one) => one.id === control)?.statement ?? "", outcome, grade, reason })),
    denials,
  };
}
