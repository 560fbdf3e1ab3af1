import { sql } from "kysely";

/** Decisions of the window that somebody's system asked for: probes are nobody's and count in no population. */
export const callsOfPeople = (org: string, since: Date) =>
  sql`d.org = ${org} and d.at >= ${since} and coalesce(d.system, '') not like 'probe:%' and coalesce(d.credential, '') not like 'probe:%'`;
