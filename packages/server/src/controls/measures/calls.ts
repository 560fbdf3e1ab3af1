import { sql } from "kysely";
import { earliestId } from "../../evidence/index.ts";

/**
 * Decisions of the window that somebody's system asked for: probes are nobody's and count in no population. Ids are in the
 * order of time, so the window is a window of the primary key.
 */
export const callsOfPeople = (org: string, since: Date) =>
  sql`d.org = ${org} and d.id >= ${earliestId(since)} and d.at >= ${since} and coalesce(d.system, '') not like 'probe:%' and coalesce(d.credential, '') not like 'probe:%'`;
