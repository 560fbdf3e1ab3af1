import { sql } from "kysely";
import type { Database } from "./database/index.ts";

/** How far the machine's clock may fall behind before time goes on without it. */
const toleranceMs = 30_000;

/**
 * Time that never goes backward (G5). A clock that is set back neither brings an ended authorization to life nor stops
 * time: beyond the tolerance it goes on as fast as the machine's own count of elapsed time.
 * @param wall epoch milliseconds, as the machine says
 * @param elapsed milliseconds that never go backward
 * @param recordedMs the newest time this installation wrote down before: the floor after a restart
 */
export function steadyClock(wall: () => number, elapsed: () => number, recordedMs = 0): () => number {
  let newest = Math.max(wall(), recordedMs);
  let anchorMs = newest;
  let anchorAt = elapsed();
  return () => {
    const said = wall();
    if (said >= newest) {
      newest = anchorMs = said;
      anchorAt = elapsed();
    } else newest = Math.max(newest, Math.floor(anchorMs + elapsed() - anchorAt) - toleranceMs);
    return newest;
  };
}

/** The newest time that the evidence holds, epoch milliseconds; 0 where it holds none. */
export async function newestRecordedMs(db: Database, org: string): Promise<number> {
  const { rows } = await db.read(org, (tx) =>
    sql<{ at: Date | null }>`select greatest(
      (select at from decision where org = ${org} order by id desc limit 1),
      (select max(c.at) from evidence_log l, lateral (select at from evidence_checkpoint where org = l.org and origin = l.origin order by size desc limit 1) c where l.org = ${org})) as at`.execute(tx),
  );
  return rows[0]?.at?.getTime() ?? 0;
}
