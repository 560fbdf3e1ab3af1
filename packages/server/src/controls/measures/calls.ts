import { newId } from "@mandate/model";
import { sql } from "kysely";

/** From the moment a decision gets its id to the moment its entry is written: an hour at most. */
const maxWritingMs = 3_600_000;

/**
 * Decisions of the window that somebody's system asked for: probes are nobody's and count in no population. Ids are in the
 * order of time, so the window is a window of the primary key.
 */
export const callsOfPeople = (org: string, since: Date) =>
  sql`d.org = ${org} and d.id >= ${newId("decision", Math.max(0, since.getTime() - maxWritingMs), (bytes) => bytes.fill(0))} and d.at >= ${since} and coalesce(d.system, '') not like 'probe:%' and coalesce(d.credential, '') not like 'probe:%'`;
