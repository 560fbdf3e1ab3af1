import type { Tx } from "../database/index.ts";
import type { PackScope, SectionAnswers } from "../evidence/index.ts";
import { makeReport } from "./report.ts";

/** The month's figures that management is given. Of the whole organization, so only in a pack of all of it. */
export async function reportAnswers(tx: Tx, org: string, organizationName: string, scope: PackScope, nowMs: number): Promise<SectionAnswers> {
  const item = "management review inputs";
  if (scope.systems.length > 0) return { E14: { [item]: { gaps: ["Figures for management are of the whole organization: they stand in a pack of all systems."] } } };
  const last = scope.until === null ? nowMs : Math.min(nowMs, Date.parse(scope.until) - 1);
  const report = await makeReport(tx, org, organizationName, nowMs, "governance", new Date(last).toISOString().slice(0, 7));
  const unknown = report.figures.filter((one) => one.value === null);
  return { E14: { [item]: { gaps: unknown.map((one) => `${one.label}: not recorded: owner governance lead. ${one.why ?? ""}`.trim()), figures: { month: report.month, complete: report.complete, rows: report.figures } } } };
}
