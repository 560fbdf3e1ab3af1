import { sql } from "kysely";
import type { NewFinding } from "../findings/index.ts";
import type { Job } from "../jobs/index.ts";
import { drawIds } from "./recorded.ts";
import { replayDecision } from "./replay.ts";
import type { Difference, ReplayDeps } from "./replay.ts";

const everyMs = 3_600_000;
const perHour = 100;
const kind = "replay_mismatch";

export interface ReplaySamplePorts {
  readonly now: () => number;
  readonly report: (finding: NewFinding) => Promise<void>;
}

/**
 * Makes a hundred decisions of the last hour again, each hour. One that comes out otherwise means that what is enforced
 * isn't what is recorded, or that a record was made up: an alarm either way.
 */
export function sampleReplays(deps: ReplayDeps, ports: ReplaySamplePorts): Job {
  return { name: "replay", everyMs, run: () => replaySample(deps, ports) };
}

export async function replaySample(deps: ReplayDeps, { now, report }: ReplaySamplePorts): Promise<void> {
  const { db, org } = deps;
  const ids = await db.read(org, (tx) => drawIds(tx, org, new Date(now() - everyMs), perHour));
  if (ids.length === 0) return;
  let replayed = 0;
  let same = 0;
  const mismatches: Difference[] = [];
  for (const id of ids) {
    const result = await replayDecision(deps, id);
    if (result === undefined || result.replayable === 0) continue;
    replayed += 1;
    if (result.differences === 0) same += 1;
    mismatches.push(...result.shown);
  }
  await db.transaction(org, (tx) => sql`insert into replay_sample (org, at, replayed, same, unreplayable, mismatches)
    values (${org}, ${new Date(now())}, ${replayed}, ${same}, ${ids.length - replayed}, ${JSON.stringify(mismatches.map(({ id, tool, members }) => ({ id, tool, members })))}::jsonb) on conflict do nothing`.execute(tx));
  for (const one of mismatches.slice(0, 20)) {
    await report({
      key: `replay:${one.id}`,
      system: one.system,
      kind,
      title: "A decision doesn't come out as it was recorded",
      detail: `Decision ${one.id}, made again from its sealed context, gives ${one.replayed.outcome} instead of ${one.recorded.outcome}; ${one.members.join(", ")} differ.`,
      owner: null,
    });
  }
}

export interface ReplaySample {
  readonly at: string;
  readonly replayed: number;
  readonly same: number;
  readonly unreplayable: number;
}
