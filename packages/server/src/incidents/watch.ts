import { sql } from "kysely";
import type { ServerContext } from "../context/index.ts";
import type { NewFinding } from "../findings/index.ts";
import type { Job } from "../jobs/index.ts";
import { notify } from "../notifications/index.ts";
import { minuteOf, reminderStage } from "./clocks.ts";
import type { IncidentClock } from "./clocks.ts";
import { concerned } from "./incidents.ts";
import { clockRows, listIncidents } from "./store.ts";
import type { Incident } from "./store.ts";

export interface WatchPorts {
  readonly report: (finding: NewFinding) => Promise<void>;
  readonly settle: (kinds: readonly string[], stillOpen: ReadonlySet<string>) => Promise<void>;
}

const words = ["", "half of its time is gone", "a quarter of its time is left", "its deadline has passed"] as const;

/** Reminds of legal clocks and makes findings of what is late. The deadlines themselves are compared with the clock wherever they are read. */
export function watchIncidents(ctx: ServerContext, ports: WatchPorts): Job {
  return {
    name: "watch incidents",
    everyMs: 60_000,
    async run() {
      const open = await ctx.read((tx) => listIncidents(tx, ctx.org, ctx.now(), { limit: 500, state: "open" }));
      const stillOpen = new Set<string>();
      for (const incident of open) {
        for (const clock of incident.clocks) {
          const kind = clock.state === "overdue" ? "incident.deadline_missed" : clock.state === "unconfirmed" ? "incident.clock_open" : null;
          if (kind === null) continue;
          const key = `${kind}:${incident.id}:${clock.id}`;
          stillOpen.add(key);
          await ports.report({ key, system: incident.systems.length === 1 ? incident.systems[0]! : null, kind, title: `${incident.title}: ${clock.title}`, detail: `${clock.citation}. Due ${minuteOf(clock.due)}, to ${clock.to}. Incident ${incident.id}.`, owner: null });
        }
      }
      await ports.settle(["incident.deadline_missed", "incident.clock_open"], stillOpen);
      await remind(ctx, open);
    },
  };
}

async function remind(ctx: ServerContext, incidents: readonly Incident[]): Promise<void> {
  const waits = (clock: IncidentClock): boolean => clock.submitted === null && clock.state !== "declined";
  for (const incident of incidents) {
    const due = incident.clocks.filter((clock) => waits(clock) && reminderStage(clock, ctx.now()) > 0);
    if (due.length === 0) continue;
    await ctx.transact(async (tx, record) => {
      const rows = (await clockRows(tx, ctx.org, [incident.id])).get(incident.id) ?? [];
      for (const clock of due) {
        const stage = reminderStage(clock, ctx.now());
        if ((rows.find((row) => row.clock === clock.id)?.reminded ?? 0) >= stage) continue;
        await sql`insert into incident_clocks (org, incident, clock, reminded) values (${ctx.org}, ${incident.id}, ${clock.id}, ${stage}) on conflict (org, incident, clock) do update set reminded = excluded.reminded`.execute(tx);
        await notify(tx, ctx, {
          kind: "incident.deadline",
          thread: `${incident.id}-${clock.id}`,
          system: incident.systems.length === 1 ? incident.systems[0]! : null,
          to: await concerned(tx, ctx.org, incident.systems),
          subject: `${clock.citation}: ${words[stage]}`,
          lines: [`Incident: ${incident.title}.`, `Due ${minuteOf(clock.due)}, to ${clock.to}.`],
          path: `/incidents?id=${incident.id}`,
        });
        record({ type: "incident", payload: { event: "reminded", incident: incident.id, clock: clock.id, stage, due: clock.due } });
      }
    });
  }
}
