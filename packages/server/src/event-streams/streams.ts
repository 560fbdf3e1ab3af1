import { ocsfEvent } from "@mandate/frameworks/exports";
import type { OutboundRule, UpstreamSecret } from "@mandate/gateway";
import { sql } from "kysely";
import type { ServerContext } from "../context/index.ts";
import type { Database, Tx } from "../database/index.ts";
import { listLogs } from "../evidence/index.ts";
import { readEvents } from "../exports/index.ts";
import type { NewFinding } from "../findings/index.ts";
import type { Job } from "../jobs/index.ts";
import { sendHttp } from "./send-http.ts";
import { sendSyslog, syslogFrame } from "./send-syslog.ts";
import type { StreamSettings } from "./settings.ts";

export interface StreamParts {
  readonly db: Database;
  readonly org: string;
  readonly now: () => number;
  readonly outbound: () => OutboundRule;
  readonly secrets: () => readonly UpstreamSecret[];
  readonly report: (finding: NewFinding) => Promise<void>;
  readonly settle: (kinds: readonly string[], open: ReadonlySet<string>) => Promise<void>;
}

export interface StreamState {
  readonly name: string;
  readonly settings: StreamSettings;
  readonly failing: string | null;
  readonly failures: number;
  readonly deliveredAt: string | null;
  /** Entries of the logs that weren't taken yet. */
  readonly waiting: number;
  readonly logs: readonly { readonly origin: string; readonly taken: number; readonly size: number }[];
}

const everyMs = 2_000;
const kind = "events.undelivered";
/** What is held in memory at once, and sent as one. */
const batchEntries = 500;
/** A stream that has much to catch up doesn't keep the others waiting. */
const batchesATurn = 40;
const firstWaitMs = 2_000;
const longestWaitMs = 5 * 60_000;
/** One that fails this often in a row is told to people; a restart of the receiver isn't. */
const tellAfter = 3;

interface Row {
  readonly name: string;
  readonly settings: StreamSettings;
  readonly failures: number;
  readonly failing: string | null;
  readonly next_try_at: Date;
  readonly delivered_at: Date | null;
}

async function readStreams(tx: Tx, org: string): Promise<readonly Row[]> {
  const { rows } = await sql<Row>`select name, settings, failures, failing, next_try_at, delivered_at from event_streams where org = ${org} order by name`.execute(tx);
  return rows;
}

async function positionsOf(tx: Tx, org: string, stream: string): Promise<StreamState["logs"]> {
  const { rows } = await sql<{ origin: string; next_index: string }>`select origin, next_index from event_stream_positions where org = ${org} and stream = ${stream}`.execute(tx);
  const taken = new Map(rows.map((row) => [row.origin, Number(row.next_index)]));
  return (await listLogs(tx, org)).map(({ origin, size }) => ({ origin, size, taken: taken.get(origin) ?? 0 }));
}

export async function streamStates(tx: Tx, org: string): Promise<readonly StreamState[]> {
  const states: StreamState[] = [];
  for (const row of await readStreams(tx, org)) {
    const logs = await positionsOf(tx, org, row.name);
    states.push({ name: row.name, settings: row.settings, failing: row.failing, failures: row.failures, deliveredAt: row.delivered_at?.toISOString() ?? null, waiting: logs.reduce((sum, one) => sum + one.size - one.taken, 0), logs });
  }
  return states;
}

/** @param from `now`: what is in the logs already stays out; `start`: everything goes */
export async function putStream(ctx: ServerContext, name: string, settings: StreamSettings, from: "now" | "start", reason: string): Promise<void> {
  await ctx.transact(async (tx, record) => {
    const now = new Date(ctx.now());
    const { rows } = await sql<{ settings: unknown }>`select settings from event_streams where org = ${ctx.org} and name = ${name} for update`.execute(tx);
    await sql`insert into event_streams (org, name, settings, next_try_at) values (${ctx.org}, ${name}, ${JSON.stringify(settings)}::jsonb, ${now})
      on conflict (org, name) do update set settings = excluded.settings, failures = 0, failing = null, next_try_at = excluded.next_try_at`.execute(tx);
    // A stream that is there goes on where it stands: changing its address must not skip anything.
    if (rows.length === 0 && from === "now") await sql`insert into event_stream_positions (org, stream, origin, next_index) select org, ${name}, origin, size from evidence_log where org = ${ctx.org}`.execute(tx);
    record({ type: "setting", payload: { event: "event-stream", name, before: rows[0]?.settings ?? null, after: settings, from: rows.length === 0 ? from : "where it stood", reason } });
  });
}

/** @returns whether there was one */
export async function removeStream(ctx: ServerContext, name: string, reason: string): Promise<boolean> {
  return ctx.transact(async (tx, record) => {
    const { rows } = await sql<{ settings: unknown }>`delete from event_streams where org = ${ctx.org} and name = ${name} returning settings`.execute(tx);
    if (rows.length === 0) return false;
    await sql`delete from event_stream_positions where org = ${ctx.org} and stream = ${name}`.execute(tx);
    record({ type: "setting", payload: { event: "event-stream", name, before: rows[0]!.settings, after: null, reason } });
    return true;
  });
}

/**
 * Sends each log's entries in order, at least once: the position moves only after a batch was taken, so a crash, a restart or a
 * lost connection sends it again and never skips it. An event's `metadata.uid` tells a receiver what it has already.
 */
export function createEventStreams(parts: StreamParts): { readonly run: () => Promise<void>; readonly job: Job } {
  const { db, org, now } = parts;

  async function runAll(): Promise<void> {
    const streams = await db.read(org, (tx) => readStreams(tx, org));
    const due = streams.filter((one) => one.next_try_at.getTime() <= now());
    await Promise.all(due.map(runOne));
    const open = new Set((await db.read(org, (tx) => readStreams(tx, org))).filter((one) => one.failures > 0).map((one) => `${kind}:${one.name}`));
    if (due.length > 0) await parts.settle([kind], open);
  }

  async function runOne(stream: Row): Promise<void> {
    try {
      let sent = 0;
      for (const log of await db.read(org, (tx) => positionsOf(tx, org, stream.name))) {
        for (let at = log.taken; at < log.size && sent < batchesATurn; sent++) {
          const to = Math.min(at + batchEntries, log.size);
          const events = await db.read(org, (tx) => readEvents(tx, org, log.origin, at, to, null));
          await send(stream.settings, events.map((one) => ({ at: String(one.header["at"]), json: JSON.stringify(ocsfEvent(org, one)) })));
          await taken(stream.name, log.origin, to);
          at = to;
        }
      }
      if (stream.failures > 0) await db.transaction(org, (tx) => sql`update event_streams set failures = 0, failing = null where org = ${org} and name = ${stream.name}`.execute(tx));
    } catch (error) {
      await failed(stream, (error instanceof Error ? error.message : String(error)).slice(0, 300));
    }
  }

  async function send(settings: StreamSettings, events: readonly { readonly at: string; readonly json: string }[]): Promise<void> {
    if (settings.kind === "http") return sendHttp(settings, events.map((one) => one.json), parts.outbound(), parts.secrets());
    return sendSyslog(settings, events.map((one) => syslogFrame(one.at, "mandate", one.json)), parts.outbound(), parts.secrets());
  }

  const taken = (name: string, origin: string, to: number): Promise<unknown> =>
    db.transaction(org, async (tx) => {
      // A stream that was removed meanwhile stays removed.
      const { rows } = await sql`update event_streams set delivered_at = ${new Date(now())}, failures = 0, failing = null where org = ${org} and name = ${name} returning 1`.execute(tx);
      if (rows.length === 0) return;
      await sql`insert into event_stream_positions (org, stream, origin, next_index) values (${org}, ${name}, ${origin}, ${to})
        on conflict (org, stream, origin) do update set next_index = greatest(event_stream_positions.next_index, excluded.next_index)`.execute(tx);
    });

  async function failed(stream: Row, why: string): Promise<void> {
    const failures = stream.failures + 1;
    const next = new Date(now() + Math.min(firstWaitMs * 2 ** Math.min(stream.failures, 20), longestWaitMs));
    await db.transaction(org, (tx) => sql`update event_streams set failures = ${failures}, failing = ${why}, next_try_at = ${next} where org = ${org} and name = ${stream.name}`.execute(tx));
    if (failures < tellAfter) return;
    await parts.report({ key: `${kind}:${stream.name}`, system: null, kind, title: `Events don't reach ${stream.name}`, detail: `${why}. Nothing is lost: they wait in the log and go on from where it stopped.`, owner: null });
  }

  let running: Promise<void> | undefined;
  const turn = (): Promise<void> => (running ??= runAll().finally(() => (running = undefined)));
  /** A turn that begins now: one under way may have looked before what was just set. */
  const run = async (): Promise<void> => {
    await running?.catch(() => undefined);
    await turn();
  };
  return { run, job: { name: "event streams", everyMs, run: turn } };
}
