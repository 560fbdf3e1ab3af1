import { tierTerms } from "@mandate/frameworks";
import { AppError, newId, tiers } from "@mandate/model";
import type { Tier } from "@mandate/model";
import { sql } from "kysely";
import type { MutationEvidence } from "../command.ts";
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
export function endContent(db: Database, ctx: ServerContext): Job {
  return {
    name: "retention",
    everyMs: 3_600_000,
    run: async () => {
      await db.transaction(ctx.org, (tx) => setEnds(tx, ctx.org));
      const due = await ctx.read(async (tx) => (await sql<{ kid: string; system: string; month: string; retention: string }>`
        SELECT kid, system, month, retention FROM evidence_kek WHERE org = ${ctx.org} AND ends_at <= ${new Date(ctx.now())} ORDER BY month, kid`.execute(tx)).rows);
      await endMonths(ctx, due);
      for (const kek of due) {
        await endOne(ctx, kek);
        await db.transaction(ctx.org, (tx) => sql`DELETE FROM evidence_kek k WHERE org = ${ctx.org} AND kid = ${kek.kid} AND NOT EXISTS (SELECT FROM evidence_key e WHERE e.org = k.org AND e.kid = k.kid)`.execute(tx));
      }
    },
  };
}

interface DueKey {
  readonly kid: string;
  readonly system: string;
  readonly month: string;
  readonly retention: string;
}

/**
 * Months all of whose keys are due go whole: one statement, one file, and no row to be rewritten afterwards. Whatever stands
 * in the way (a hold, a key that is kept longer, a reader) leaves the month to the batches.
 */
async function endMonths(ctx: ServerContext, due: readonly DueKey[]): Promise<void> {
  if (due.length === 0) return;
  const months = await ctx.read(async (tx) => {
    if ((await activeHolds(tx, ctx.org)).length > 0) return [];
    const { rows } = await sql<{ month: string }>`SELECT to_char(to_date(right(c.relname, 7), 'YYYY_MM'), 'YYYY-MM') AS month FROM pg_inherits i JOIN pg_class c ON c.oid = i.inhrelid
      WHERE i.inhparent = 'evidence_key'::regclass AND c.relname ~ '_[0-9]{4}_[0-9]{2}$' AND right(c.relname, 7) < to_char(now() AT TIME ZONE 'UTC', 'YYYY_MM') ORDER BY 1`.execute(tx);
    return rows.map((row) => row.month);
  });
  const byKid = new Map(due.map((kek) => [kek.kid, kek]));
  for (const month of months) await endMonth(ctx, month, byKid).catch((error: unknown) => {
    if (!(error instanceof AppError) || error.code !== "database.busy") throw error;
  });
}

async function endMonth(ctx: ServerContext, month: string, due: ReadonlyMap<string, DueKey>): Promise<void> {
  const period = `${month}-01`;
  await ctx.transact(async (tx, record) => {
    const { rows } = await sql<{ kid: string; keys: number; entries: number }>`SELECT kid, count(*)::int AS keys, count(DISTINCT (origin, index))::int AS entries
      FROM evidence_key WHERE org = ${ctx.org} AND period = ${period}::date GROUP BY kid ORDER BY kid`.execute(tx);
    if (rows.length === 0 || rows.some(({ kid }) => !due.has(kid))) return;
    const { rows: ended } = await sql<{ done: boolean }>`SELECT mandate_end_month(${period}::date, ${rows.map(({ kid }) => kid)}::text[]) AS done`.execute(tx);
    if (ended[0]?.done !== true) return;
    for (const { kid, keys, entries } of rows) await receipt(tx, ctx, record, due.get(kid)!, { keys, entries }, []);
  });
}

/** @param tables that rows were deleted from, and which still have their bytes */
async function receipt(tx: Tx, ctx: ServerContext, record: (evidence: MutationEvidence) => void, kek: DueKey, done: { readonly keys: number; readonly entries: number }, tables: readonly string[]): Promise<void> {
  const now = ctx.now();
  const id = newId("erasure", now, ctx.random);
  const name = `${kek.system === "" ? "no system" : kek.system}, ${kek.month}`;
  await sql`insert into evidence_erasure (org, id, kind, scope, basis, asked_by, approval, erased_at, irrecoverable_by, entries, keys, tables)
    values (${ctx.org}, ${id}, 'retention', ${JSON.stringify({ kind: "retention", name })}::jsonb, ${`retention of ${kek.retention}`}, 'retention', null, ${new Date(now)}, ${new Date(now + keyBackupDays * dayMs)}, ${done.entries}, ${done.keys}, ${[...tables]}::text[])`.execute(tx);
  record({ type: "evidence.erasure", ...(kek.system === "" ? {} : { system: kek.system }), payload: { event: "retention", erasure: id, month: kek.month, retention: kek.retention, ...done } });
}

async function endOne(ctx: ServerContext, kek: DueKey): Promise<void> {
  for (;;) {
    const gone = await ctx.transact(async (tx, record) => {
      const holds = await activeHolds(tx, ctx.org);
      const free = holds.length === 0 ? sql`true` : sql`NOT (${sql.join(holds.map((hold) => keysIn(hold.scope, ctx.org)), sql` OR `)})`;
      const { rows } = await sql<{ keys: number; entries: number; tables: string[] }>`WITH doomed AS (SELECT k.origin, k.index, k.part, k.period FROM evidence_key k WHERE k.org = ${ctx.org} AND k.kid = ${kek.kid} AND ${free} LIMIT ${batch}),
        gone AS (DELETE FROM evidence_key k USING doomed d WHERE k.org = ${ctx.org} AND k.origin = d.origin AND k.index = d.index AND k.part = d.part AND k.period = d.period RETURNING k.origin, k.index, k.tableoid)
        SELECT count(*)::int AS keys, count(DISTINCT (origin, index))::int AS entries, coalesce(array_agg(DISTINCT tableoid::regclass::text), '{}') AS tables FROM gone`.execute(tx);
      const { keys, entries, tables } = rows[0]!;
      if (keys > 0) await receipt(tx, ctx, record, kek, { keys, entries }, tables);
      return keys;
    });
    if (gone < batch) return;
  }
}
