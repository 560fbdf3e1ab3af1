import { sql } from "kysely";
import type { MutationEvidence } from "../command.ts";
import type { ServerContext } from "../context/index.ts";
import type { Tx } from "../database/index.ts";

export interface TimelineEvent {
  readonly seq: number;
  readonly at: string;
  readonly kind: string;
  readonly by: string;
  readonly text: string;
  readonly data: Readonly<Record<string, unknown>>;
}

/** Adds one line to an incident and its entry to the log. Nothing takes a line away. */
export async function addEvent(
  tx: Tx,
  ctx: ServerContext,
  record: (evidence: MutationEvidence) => void,
  incident: { readonly id: string; readonly systems: readonly string[] },
  event: { readonly kind: string; readonly text: string; readonly data?: Readonly<Record<string, unknown>> },
): Promise<void> {
  const data = event.data ?? {};
  // The lock puts two people's lines in order.
  await sql`select 1 from incidents where org = ${ctx.org} and id = ${incident.id} for update`.execute(tx);
  await sql`insert into incident_events (org, incident, seq, at, kind, by_id, by_email, text, data)
    values (${ctx.org}, ${incident.id}, (select coalesce(max(seq), 0) + 1 from incident_events where org = ${ctx.org} and incident = ${incident.id}), ${new Date(ctx.now())}, ${event.kind}, ${ctx.actor.id}, ${ctx.actor.email}, ${event.text}, ${JSON.stringify(data)}::jsonb)`.execute(tx);
  record({ type: "incident", ...(incident.systems.length === 1 ? { system: incident.systems[0]! } : {}), payload: { event: event.kind, incident: incident.id, systems: incident.systems, text: event.text, ...data, by: ctx.actor.id } });
}

export async function timelineOf(tx: Tx, org: string, incident: string): Promise<readonly TimelineEvent[]> {
  const { rows } = await sql<{ seq: number; at: Date; kind: string; by_id: string; by_email: string | null; text: string; data: Record<string, unknown> }>`select seq, at, kind, by_id, by_email, text, data from incident_events
    where org = ${org} and incident = ${incident} order by seq limit 2000`.execute(tx);
  return rows.map((row) => ({ seq: row.seq, at: row.at.toISOString(), kind: row.kind, by: row.by_email ?? row.by_id, text: row.text, data: row.data }));
}
