import { createHash } from "node:crypto";
import { AppError, newId } from "@mandate/model";
import { sql } from "kysely";
import type { ServerContext } from "../context/index.ts";
import type { Tx } from "../database/index.ts";
import type { NewFinding } from "../findings/index.ts";
import type { Job } from "../jobs/index.ts";
import { replayPeriod } from "../replay/index.ts";
import type { Difference, ReplayDeps } from "../replay/index.ts";
import { compilePolicySpec } from "../registry/index.ts";
import { withProposal } from "./proposal.ts";
import type { PolicySpec, Proposal } from "./proposal.ts";

export const longestWatchDays = 14;
const dayMs = 86_400_000;
/** A stream's tool calls are recorded when it ends: decisions are compared once that has most likely happened. */
const settleMs = 120_000;
const flipsKept = 10_000;
const watchesAtOnce = 20;

export interface Watch {
  readonly id: string;
  readonly policy: string;
  readonly spec: PolicySpec;
  readonly systems: readonly string[];
  readonly reason: string;
  readonly startedBy: string;
  readonly startedAt: string;
  readonly endsAt: string;
  /** Null while it watches. */
  readonly endedAt: string | null;
  readonly endedBy: string | null;
  readonly decisions: number;
  readonly unreplayable: number;
  readonly same: number;
  readonly differences: number;
}

interface Row {
  id: string;
  policy: string;
  spec: PolicySpec;
  systems: string[];
  reason: string;
  started_by: string;
  started_at: Date;
  ends_at: Date;
  ended_at: Date | null;
  ended_by: string | null;
  seen: string;
  decisions: string;
  unreplayable: string;
  same: string;
  differences: string;
}

function watchOf(row: Row): Watch {
  return {
    id: row.id,
    policy: row.policy,
    spec: row.spec,
    systems: row.systems,
    reason: row.reason,
    startedBy: row.started_by,
    startedAt: row.started_at.toISOString(),
    endsAt: row.ends_at.toISOString(),
    endedAt: row.ended_at?.toISOString() ?? null,
    endedBy: row.ended_by,
    decisions: Number(row.decisions),
    unreplayable: Number(row.unreplayable),
    same: Number(row.same),
    differences: Number(row.differences),
  };
}

/**
 * Begins to watch. INVARIANT: nothing of it is in what gateways get, so that a watched version can't decide a call however
 * it is written; it is compared afterwards, from what decisions sealed.
 * @throws AppError `policies.watched` (409)
 */
export async function startWatch(ctx: ServerContext, proposal: Proposal, cedar: string, days: number, reason: string): Promise<Watch> {
  const nowMs = ctx.now();
  const by = ctx.actor.email ?? ctx.actor.id;
  const id = newId("watch", nowMs, ctx.random);
  return ctx.transact(async (tx, record) => {
    const { rows: open } = await sql<{ policy: string }>`select policy from policy_watches where org = ${ctx.org} and ended_at is null for update`.execute(tx);
    if (open.some((one) => one.policy === proposal.name) || open.length >= watchesAtOnce)
      throw new AppError({ code: "policies.watched", status: 409, message: open.length >= watchesAtOnce ? `${watchesAtOnce} versions are watched already.` : `A version of ${proposal.name} is watched already.`, remedies: [{ text: "End that one first.", command: `npx mandate policy watches ${proposal.name}` }] });
    const ends = new Date(nowMs + days * dayMs);
    const sha256 = createHash("sha256").update(cedar).digest("hex");
    // Only what is decided from now on: the past is what a simulation is for.
    const { rows } = await sql<Row>`insert into policy_watches (org, id, policy, spec, cedar_sha256, systems, reason, started_by, started_at, ends_at, seen)
      values (${ctx.org}, ${id}, ${proposal.name}, ${JSON.stringify(proposal.spec)}::jsonb, ${sha256}, ${[...proposal.systems]}, ${reason}, ${by}, ${new Date(nowMs)}, ${ends},
        coalesce((select max(id) from decision where org = ${ctx.org}), '')) returning *`.execute(tx);
    record({ type: "policy", payload: { event: "watch.started", watch: id, policy: proposal.name, cedar: sha256, systems: proposal.systems, ends: ends.toISOString(), reason } });
    return watchOf(rows[0]!);
  });
}

/** @throws AppError `policies.watch_unknown` (404), `policies.watch_ended` (409) */
export async function endWatch(ctx: ServerContext, policy: string, id: string): Promise<Watch> {
  return ctx.transact(async (tx, record) => {
    const { rows } = await sql<Row>`select * from policy_watches where org = ${ctx.org} and id = ${id} and policy = ${policy} for update`.execute(tx);
    const row = rows[0];
    if (row === undefined) throw new AppError({ code: "policies.watch_unknown", status: 404, message: "No watch of this policy has this id.", remedies: [{ text: "List them.", command: `npx mandate policy watches ${policy}` }] });
    if (row.ended_at !== null) throw new AppError({ code: "policies.watch_ended", status: 409, message: "It has ended already." });
    return close(tx, ctx, record, row, ctx.actor.email ?? ctx.actor.id);
  });
}

async function close(tx: Tx, ctx: ServerContext, record: Parameters<Parameters<ServerContext["transact"]>[0]>[1], row: Row, by: string): Promise<Watch> {
  const { rows } = await sql<Row>`update policy_watches set ended_at = ${new Date(ctx.now())}, ended_by = ${by} where org = ${ctx.org} and id = ${row.id} returning *`.execute(tx);
  const ended = watchOf(rows[0]!);
  record({ type: "policy", payload: { event: "watch.ended", watch: row.id, policy: row.policy, by, decisions: ended.decisions, same: ended.same, differences: ended.differences, unreplayable: ended.unreplayable } });
  return ended;
}

export async function listWatches(tx: Tx, org: string, policy: string): Promise<Watch[]> {
  const { rows } = await sql<Row>`select * from policy_watches where org = ${org} and policy = ${policy} order by started_at desc limit 200`.execute(tx);
  return rows.map(watchOf);
}

export type Flip = Pick<Difference, "id" | "at" | "system" | "action" | "resource" | "tool" | "recorded" | "replayed">;

/** Newest first, at most a thousand. */
export async function listFlips(tx: Tx, org: string, watch: string): Promise<Flip[]> {
  const { rows } = await sql<{ decision: string; at: Date; system: string | null; action: string; resource: string; tool: string; recorded: Flip["recorded"]; proposed: Flip["replayed"] }>`
    select * from policy_flips where org = ${org} and watch = ${watch} order by decision desc, tool limit 1000`.execute(tx);
  return rows.map((row) => ({ id: row.decision, at: row.at.toISOString(), system: row.system, action: row.action, resource: row.resource, tool: row.tool === "" ? null : row.tool, recorded: row.recorded, replayed: row.proposed }));
}

/** Compares what was decided since the last turn, and ends what is over. Run twice it changes nothing more. */
export function watchPolicies(deps: ReplayDeps, ctx: ServerContext, report: (finding: NewFinding) => Promise<void>): Job {
  return { name: "policy watch", everyMs: 60_000, run: () => watchTurn(deps, ctx, report) };
}

export async function watchTurn(deps: ReplayDeps, ctx: ServerContext, report: (finding: NewFinding) => Promise<void>): Promise<void> {
  const { rows } = await deps.db.read(deps.org, (tx) => sql<Row>`select * from policy_watches where org = ${deps.org} and ended_at is null order by id`.execute(tx));
  for (const row of rows) {
    const nowMs = ctx.now();
    const until = Math.min(nowMs - settleMs, row.ends_at.getTime());
    await compare(deps, row, until);
    if (nowMs < row.ends_at.getTime() + settleMs) continue;
    const ended = await ctx.transact(async (tx, record) => close(tx, ctx, record, row, "its end"));
    await report({
      key: `policy_watch:${row.id}`,
      system: null,
      kind: "policy.watch_ended",
      title: `Watching ${row.policy} has ended`,
      detail: `${ended.decisions} decisions compared, ${ended.differences} would have come out otherwise. It is not enforced: apply it, or let it go.`,
      owner: row.started_by.includes("@") ? row.started_by : null,
    });
  }
}

async function compare(deps: ReplayDeps, row: Row, untilMs: number): Promise<void> {
  const { db, org } = deps;
  const proposal: Proposal = { name: row.policy, spec: row.spec, systems: row.systems };
  const propose = withProposal(proposal, compilePolicySpec(row.policy, row.spec).cedar);
  const { last, total, replayable, same, differences, shown } = await replayPeriod(deps, { systems: row.systems, after: row.seen, until: new Date(untilMs).toISOString() }, propose);
  if (last === null) return;
  await db.transaction(org, async (tx) => {
    // Compare-and-set on `seen`: two turns at once must not count twice.
    const { numAffectedRows } = await sql`update policy_watches set seen = ${last}, decisions = decisions + ${total}, unreplayable = unreplayable + ${total - replayable}, same = same + ${same}, differences = differences + ${differences}
      where org = ${org} and id = ${row.id} and seen = ${row.seen} and ended_at is null`.execute(tx);
    if (numAffectedRows !== 1n) return;
    const room = Math.max(0, flipsKept - Number(row.differences));
    for (const one of shown.slice(0, room))
      await sql`insert into policy_flips (org, watch, decision, tool, at, system, action, resource, recorded, proposed)
        values (${org}, ${row.id}, ${one.id}, ${one.tool ?? ""}, ${one.at}::timestamptz, ${one.system}, ${one.action}, ${one.resource}, ${JSON.stringify(one.recorded)}::jsonb, ${JSON.stringify(one.replayed)}::jsonb) on conflict do nothing`.execute(tx);
  });
}
