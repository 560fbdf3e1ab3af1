import { sql } from "kysely";
import type { Database } from "../database/index.ts";
import type { Job } from "../jobs/index.ts";
import type { ServerLog } from "../log.ts";

export interface ShredDeps {
  readonly db: Database;
  readonly org: string;
  readonly now: () => number;
  readonly log: ServerLog;
  /** Moves the journal into the store and lets go of it. */
  readonly shedJournal: () => Promise<void>;
}

/** Beside the keys' own tables: what opens like one, and where a key's row may have stood before it got its month. */
const besides = ["evidence_key_other", "evidence_kek", "approvals"] as const;

/** Rewriting locks the keys' table for seconds, so what is erased within this time is shredded together. */
const atMostEveryMs = 3_600_000;

/** Gets the bytes of destroyed keys out of the server's files; the rows themselves went when the erasure committed. */
export function shredErased(deps: ShredDeps): Job {
  let lastMs = Number.NEGATIVE_INFINITY;
  return {
    name: "shred",
    everyMs: 60_000,
    run: async () => {
      if (deps.now() - lastMs < atMostEveryMs) return;
      if (await shredNow(deps)) lastMs = deps.now();
    },
  };
}

/** @returns false when there was nothing to do */
export async function shredNow({ db, org, now, log, shedJournal }: ShredDeps): Promise<boolean> {
  const { rows } = await db.read(org, (tx) => sql<{ id: string; tables: string[] | null }>`select id, tables from evidence_erasure where org = ${org} and shredded_at is null`.execute(tx));
  if (rows.length === 0) return false;
  await shedJournal();
  // A receipt of a release that noted no table can have taken rows from any month's.
  const keys = rows.some((row) => row.tables === null) ? ["evidence_key"] : [...new Set(rows.flatMap((row) => row.tables ?? []))].sort();
  if (!(await db.shred([...new Set([...keys, ...besides])]))) log.warn("the database's own log of erased keys ends with its recycling: the login may not overwrite it", {});
  await db.transaction(org, (tx) => sql`update evidence_erasure set shredded_at = ${new Date(now())} where org = ${org} and id = any(${rows.map((row) => row.id)})`.execute(tx));
  return true;
}
