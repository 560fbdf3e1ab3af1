import type { ExportFacts, MeasuredFacts } from "@mandate/frameworks/exports";
import { listSystems } from "../authorization/index.ts";
import { readRegisterVersion } from "../context/index.ts";
import { latestResults } from "../controls/index.ts";
import type { ControlResult } from "../controls/index.ts";
import type { Tx } from "../database/index.ts";
import { logSummaries } from "../evidence/index.ts";
import { loadRegister } from "../registry/index.ts";
import { systemFacts } from "./collect-systems.ts";
import type { ExportParts, ExportRequest } from "./export.ts";

export type FactParts = Pick<ExportParts, "org" | "organizationName">;

/** What an export states, read in the caller's transaction: all of one moment. */
export async function collectFacts(tx: Tx, parts: FactParts, { actor, systems }: Pick<ExportRequest, "actor" | "systems">, nowMs: number): Promise<ExportFacts> {
  const { org } = parts;
  const register = await loadRegister(tx, org);
  const views = (await listSystems(tx, org, nowMs)).filter((view) => systems === null || systems.includes(view.name));
  return {
    organization: { id: org, name: parts.organizationName },
    exportedAt: new Date(nowMs).toISOString(),
    exportedBy: actor.email ?? actor.id,
    registerVersion: await readRegisterVersion(tx, org),
    position: (await logSummaries(tx, org)).map(({ origin, size, root }) => ({ origin, size, root })),
    systems,
    systemFacts: views.map((view) => systemFacts(view, register)),
    measured: await measuredOf(tx, org, nowMs, systems),
  };
}

/** The newest result of each control; of chosen systems, with these systems' part of it. */
export async function measuredOf(tx: Tx, org: string, nowMs: number, systems: readonly string[] | null): Promise<readonly MeasuredFacts[]> {
  return (await latestResults(tx, org, nowMs, systems === null ? {} : { systems })).map((one) => measuredFacts(one, systems));
}

/** A reader of some systems sees faults of these alone. */
function measuredFacts(one: ControlResult, systems: readonly string[] | null): MeasuredFacts {
  const isSeen = (system: string | null): boolean => systems === null || (system !== null && systems.includes(system));
  const { id, control, at, grade, outcome, unit, query, window, position } = one;
  const kept = Object.fromEntries(Object.entries(one.systems).filter(([name]) => isSeen(name)).sort(([a], [b]) => (a < b ? -1 : 1)));
  const isPerSystem = systems !== null && Object.keys(one.systems).length > 0;
  const sum = (member: "population" | "faults" | "excepted"): number => (isPerSystem ? Object.values(kept).reduce((total, of) => total + of[member], 0) : one[member]);
  return {
    id, control, at, grade, outcome, unit, query, window, position,
    reason: isPerSystem ? `${sum("faults")} of ${sum("population")} ${unit} of the systems exported.` : one.reason,
    population: sum("population"), faults: sum("faults"), excepted: sum("excepted"),
    exceptions: one.exceptions.filter((fault) => isSeen(fault.system)),
    systems: kept,
    proof: one.proof === null ? null : `${one.proof.how}: ${one.proof.saw} (${one.proof.at})`,
  };
}
