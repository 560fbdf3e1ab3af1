import type { Tx } from "../database/index.ts";
import { packAnswer, scopeWords } from "../evidence/index.ts";
import type { PackScope, SectionAnswers } from "../evidence/index.ts";
import { listIncidents } from "./store.ts";
import { timelineOf } from "./timeline.ts";

const most = 500;

/** Incidents with deadlines, reports and timeline. Deadlines are read by the clock of the pack. */
export async function incidentAnswers(tx: Tx, org: string, scope: PackScope, nowMs: number): Promise<SectionAnswers> {
  const all = await listIncidents(tx, org, nowMs, { limit: most });
  const inScope = all.filter((one) => (scope.systems.length === 0 || one.systems.length === 0 || one.systems.some((name) => scope.systems.includes(name))) && (scope.until === null || one.openedAt < scope.until) && (scope.since === null || one.closed === null || one.closed.at >= scope.since));
  const rows = [];
  for (const one of inScope) rows.push({ ...one, timeline: await timelineOf(tx, org, one.id) });
  const query = `incidents opened before the end of the period and not closed before its start, newest first, at most ${most}; ${scopeWords(scope)}`;
  return {
    E13: {
      "incident list with deadlines and reports": packAnswer({ source: "incidents, incident_clocks, incident_events", query, rows }),
      "root cause and corrective action": packAnswer({ source: "incidents", query: `closed incidents and how; ${scopeWords(scope)}`, rows: inScope.filter((one) => one.closed !== null).map(({ id, title, closed }) => ({ id, title, closed })) }),
    },
  };
}
