import { tierTerms } from "@mandate/frameworks";
import { newId, tiers } from "@mandate/model";
import type { Tier } from "@mandate/model";
import { sql } from "kysely";
import type { ServerContext } from "../context/index.ts";
import type { Database, Tx } from "../database/index.ts";
import { parseDurationMs } from "../duration.ts";
import type { Job } from "../jobs/index.ts";
import { keyBackupDays } from "./erase.ts";
import { activeHolds } from "./holds.ts";
import { keysIn } from "./scope.ts";

const dayMs = 86_400_000;
/** Keys ended in one transaction. */
const batch = 20_000;

/**
 * Days for which a system's content opens: what its boundary says, never less than its tier's minimum for content;
 * where the boundary says nothing, as long as the tier keeps its records.
 */
export function contentDays(tier: Tier, retention: { readonly prompts?: string; readonly outputs?: string } | undefined): number {
  const terms = tierTerms(tier);
  const asked = [retention?.prompts, retention?.outputs].flatMap((one) => (one === undefined ? [] : [Math.ceil(parseDurationMs(one) / dayMs)]));
  if (asked.length === 0) return terms.runtime.retentionDays;
  return Math.max(terms.contentDaysMin, Math.min(...asked));
}

/** Sets the end of every key-encryption key by today's boundaries. A change of a boundary moves what is still there. */
async function setEnds(tx: Tx, org: string): Promise<void> {
  const { rows } = await sql<{ kid: string; month: string; retention: string; boundary: { prompts?: string; outputs?: string } | null; ends_at: Date | null }>`
    SELECT k.kid, k.month, k.retention, k.ends_at, o.spec #> '{boundary,retention}' AS boundary FROM evidence_kek k
    LEFT JOIN register_objects o ON o.org = k.org AND o.kind = 'AISystem' AND o.name = k.system WHERE k.org = ${org} AND k.retention = ANY(${[...tiers]}::text[])`.execute(tx);
  for (const row of rows) {
    const [year, month] = row.month.split("-").map(Number) as [number, number];
    const ends = Date.UTC(year, month, 1) + contentDays(row.retention as Tier, row.boundary ?? undefined) * dayMs;
    if (row.ends_at?.getTime() !== ends) await sql`UPDATE evidence_kek SET ends_at = ${new Date(ends)} WHERE org = ${org} AND kid = ${row.kid}`.execute(tx);
  }
}

/**
 * Destroys what has been kept long enough, month by month. INVARIANT (G5): a reading compares `ends_at` with the clock by
 * itself, so nothing opens longer because this ran late.
 */
export function endContent(db: Database, ctx: ServerContext, controlLogs: () => readonly string[]): Job {
  return {
    name: "retention",
    everyMs: 3_600_000,
    run: async () => {
      await db.transaction(ctx.org, (tx) => setEnds(tx, ctx.org));
      const due = await ctx.read(async (tx) => (await sql<{ kid: string; system: string; month: string; retention: string }>`
        SELECT kid, system, month, retention FROM evidence_kek WHERE org = ${ctx.org} AND ends_at <= ${new Date(ctx.now())} ORDER BY month, kid`.execute(tx)).rows);
      for (const kek of due) {
        await endOne(ctx, kek, controlLogs());
        await db.transaction(ctx.org, (tx) => sql`DELETE FROM evidence_kek k WHERE org = ${ctx.org} AND kid = ${kek.kid} AND NOT EXISTS (SELECT FROM evidence_key e WHERE e.org = k.org AND e.kid = k.kid)`.execute(tx));
      }
    },
  };
}

async function endOne(ctx: ServerContext, kek: { kid: string; system: string; month: string; retention: string }, controlLogs: readonly string[]): Promise<void> {
  for (;;) {
    const gone = await ctx.transact(async (tx, record) => {
      const holds = await activeHolds(tx, ctx.org);
      const free = holds.length === 0 ? sql`true` : sql`NOT (${sql.join(holds.map((hold) => keysIn(hold.scope, ctx.org, controlLogs)), sql` OR `)})`;
      const { rows } = await sql<{ keys: number; entries: number }>`WITH doomed AS (SELECT k.origin, k.index, k.part FROM evidence_key k WHERE k.org = ${ctx.org} AND k.kid = ${kek.kid} AND ${free} LIMIT ${batch}),
        gone AS (DELETE FROM evidence_key k USING doomed d WHERE k.org = ${ctx.org} AND k.origin = d.origin AND k.index = d.index AND k.part = d.part RETURNING k.origin, k.index)
        SELECT count(*)::int AS keys, count(DISTINCT (origin, index))::int AS entries FROM gone`.execute(tx);
      const done = rows[0]!;
      if (done.keys > 0) {
        const now = ctx.now();
        const id = newId("erasure", now, ctx.random);
        const name = `${kek.system === "" ? "no system" : kek.system}, ${kek.month}`;
        await sql`insert into evidence_erasure (org, id, kind, scope, basis, asked_by, approval, erased_at, irrecoverable_by, entries, keys)
          values (${ctx.org}, ${id}, 'retention', ${JSON.stringify({ kind: "retention", name })}::jsonb, ${`retention of ${kek.retention}`}, 'retention', null, ${new Date(now)}, ${new Date(now + keyBackupDays * dayMs)}, ${done.entries}, ${done.keys})`.execute(tx);
        record({ type: "evidence.erasure", ...(kek.system === "" ? {} : { system: kek.system }), payload: { event: "retention", erasure: id, month: kek.month, retention: kek.retention, ...done } });
      }
      return done.keys;
    });
    if (gone < batch) return;
  }
}
