import type { Database } from "../database/index.ts";
import type { Job } from "../jobs/index.ts";

/** Makes the tables of the coming months long before they are needed; a start does the same. */
export function keepMonths(db: Database): Job {
  return { name: "months", everyMs: 3_600_000, run: async () => void (await db.keepPartitions()) };
}
