import { sql } from "kysely";
import type { ServerContext } from "../context/index.ts";
import type { Database, Tx } from "../database/index.ts";
import type { Evidence } from "../evidence/index.ts";
import type { NewFinding } from "../findings/index.ts";
import type { Job } from "../jobs/index.ts";

export interface ClearDeps {
  readonly db: Database;
  readonly ctx: ServerContext;
  readonly evidence: Pick<Evidence, "controlLog">;
  readonly report: (finding: NewFinding) => Promise<void>;
}

/** Names looked at in one transaction. */
const looked = 5_000;
/** Names of one entry's header, which has 64 KB. Whoever changes something waits as long as one of these takes. */
const clearedAtOnce = 400;
/** Transactions of one run: what is left waits for the next, so that a month that ended doesn't keep the store busy. */
const stepsPerRun = 100;

interface Found {
  readonly ct: Buffer;
  readonly system: string | null;
}

/**
 * Takes away the bytes of sealed content whose key is gone, in bounded steps. INVARIANT: an entry names what goes before it goes, and
 * is under a published checkpoint by then: an absence that no entry says is an alteration, and a pack ends at such a checkpoint.
 * Proofs hold on, since an entry commits to a hash. INVARIANT: no more goes than erasures account for, or whoever takes a key away in
 * the database would have its content cleared in our name.
 */
export function clearErased(deps: ClearDeps): Job {
  let after: Buffer = Buffer.alloc(0);
  let erasures: readonly string[] = [];
  return {
    name: "clear erased content",
    everyMs: 60_000,
    async run() {
      const { ctx } = deps;
      await emptyNamed(deps);
      if (after.length === 0) {
        erasures = await ctx.read(async (tx) => (await sql<{ id: string }>`select id from evidence_erasure where org = ${ctx.org} and cleared_at is null order by id`.execute(tx)).rows.map((row) => row.id));
        if (erasures.length === 0) return;
      }
      let left = await ctx.read(async (tx) => Number((await sql<{ left: string }>`select (select coalesce(sum(keys), 0) from evidence_erasure where org = ${ctx.org}) - (select count(*) from evidence_cleared where org = ${ctx.org}) as left`.execute(tx)).rows[0]!.left));
      for (let step = 0; step < stepsPerRun; step++) {
        const { next, cleared } = await clearStep(deps, after, left);
        if (cleared === null) {
          after = Buffer.alloc(0);
          return await deps.report({ key: "keys-unaccounted", system: null, kind: "evidence.unaccounted", title: "Keys of sealed content are gone that no erasure accounts for", detail: "What they opened is kept as it is.", owner: null });
        }
        left -= cleared;
        after = next ?? Buffer.alloc(0);
        if (next !== undefined) continue;
        // Those that came while this went through the names are gone through again.
        await deps.db.transaction(ctx.org, (tx) => sql`update evidence_erasure set cleared_at = ${new Date(ctx.now())} where org = ${ctx.org} and id = any(${[...erasures]}::text[])`.execute(tx));
        return;
      }
    },
  };
}

interface Step {
  /** The name up to which nothing is left; undefined after the last. */
  readonly next: Buffer | undefined;
  /** Null: there is more than `left`, so nothing was done. */
  readonly cleared: number | null;
}

/** Empties what published entries name. */
async function emptyNamed({ db, ctx }: ClearDeps): Promise<void> {
  for (let step = 0; step < stepsPerRun; step++) {
    const emptied = await db.transaction(ctx.org, async (tx) => {
      const { rows } = await sql<{ ct: Buffer }>`select c.ct from evidence_cleared c join evidence_log l on l.org = c.org and l.origin = c.log
        where c.org = ${ctx.org} and not c.gone and c.index < l.checkpoint_size order by c.log, c.index, c.ct limit ${clearedAtOnce} for update of c skip locked`.execute(tx);
      const cts = rows.map((row) => row.ct);
      await sql`update evidence_payload set bytes = ''::bytea where org = ${ctx.org} and ct = any(${cts}::bytea[])`.execute(tx);
      await sql`update evidence_cleared set gone = true where org = ${ctx.org} and ct = any(${cts}::bytea[])`.execute(tx);
      return cts.length;
    });
    if (emptied < clearedAtOnce) return;
  }
}

async function clearStep({ ctx, evidence }: ClearDeps, after: Buffer, left: number): Promise<Step> {
  return ctx.transact(async (tx, record) => {
    const { found, last } = await keyless(tx, ctx.org, after);
    if (found.length === 0) return { next: last, cleared: 0 };
    if (found.length > left) return { next: last, cleared: null };
    // Its place is held until this commits, so the entries below stand at it, and another process names nothing meanwhile.
    const log = await evidence.controlLog(tx);
    let index = log.size;
    let cleared = 0;
    for (const [system, of] of Map.groupBy(found, (one) => one.system)) {
      const { rows: named } = await sql<{ ct: Buffer }>`insert into evidence_cleared (org, ct, log, index) select ${ctx.org}, c, ${log.origin}, ${index} from unnest(${of.map((one) => one.ct)}::bytea[]) as c on conflict do nothing returning ct`.execute(tx);
      const cts = named.map(({ ct }) => ct).toSorted(Buffer.compare);
      if (cts.length === 0) continue;
      index += 1;
      cleared += cts.length;
      record({ type: "evidence.erasure", ...(system === null ? {} : { system }), erased: cts.map((ct) => ct.toString("hex")), payload: { event: "cleared", contents: cts.length } });
    }
    return { next: found.length < clearedAtOnce ? last : found.at(-1)!.ct, cleared };
  });
}

/** A name can stand in more than one month: it is keyless where none of its places has a key. */
async function keyless(tx: Tx, org: string, after: Buffer): Promise<{ readonly found: readonly Found[]; readonly last: Buffer | undefined }> {
  const { rows } = await sql<{ ct: Buffer; origin: string; index: string; held: boolean }>`select ct, origin, index, length(bytes) > 0 as held from evidence_payload where org = ${org} and ct > ${after} order by ct limit ${looked}`.execute(tx);
  const last = rows.at(-1)?.ct;
  const held = rows.filter((row) => row.held);
  if (held.length === 0) return { found: [], last };
  const { rows: found } = await sql<Found>`select distinct on (one.ct) one.ct, (select convert_from(e.leaf, 'UTF8')::json ->> 'system' from evidence_entry e where e.org = ${org} and e.origin = one.origin and e.index = one.index) as system
    from unnest(${held.map((row) => row.ct)}::bytea[], ${held.map((row) => row.origin)}::text[], ${held.map((row) => Number(row.index))}::bigint[]) as one(ct, origin, index)
    where not exists (select from evidence_cleared c where c.org = ${org} and c.ct = one.ct)
      and not exists (select from evidence_payload p join evidence_key k on k.org = p.org and k.origin = p.origin and k.index = p.index and k.part = p.part and k.period = p.period where p.org = ${org} and p.ct = one.ct)
    order by one.ct limit ${clearedAtOnce}`.execute(tx);
  return { found, last };
}
