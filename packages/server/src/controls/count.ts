import type { Tier } from "@mandate/model";
import { sql } from "kysely";
import type { RawBuilder } from "kysely";
import type { Tx } from "../database/index.ts";
import type { Counted, Scope } from "./measure.ts";
import type { ControlFault, SystemCount } from "./result.ts";

export interface Count {
  readonly population: number;
  readonly faults: number;
  readonly exceptions: readonly Omit<ControlFault, "exception">[];
  readonly systems: Readonly<Record<string, Omit<SystemCount, "excepted">>>;
}

export const maxExceptions = 200;

/**
 * Counts in the database, because a population can be a million calls. Rows of a system of another tier are left out: by a
 * set that is looked up, not by a join, because the planner can't guess how many rows a measure yields, and a wrong guess
 * costs minutes.
 */
export async function countRows(tx: Tx, { org }: Scope, select: RawBuilder<unknown>, tiers: readonly Tier[]): Promise<Count> {
  const { rows } = await sql<{ population: string; faults: string; systems: Count["systems"]; exceptions: Count["exceptions"] }>`with measured as materialized (${select}),
    kept as (select m.subject, m.system, m.fault from measured m where m.system is null or m.system not in (select st.system from system_states st where st.org = ${org} and not (st.tier = any(${[...tiers]}))))
    select (select count(*) from kept) as population, (select count(fault) from kept) as faults,
      (select coalesce(jsonb_object_agg(s.system, jsonb_build_object('population', s.n, 'faults', s.bad)), '{}') from (select system, count(*) as n, count(fault) as bad from kept where system is not null group by system) s) as systems,
      (select coalesce(jsonb_agg(jsonb_build_object('subject', x.subject, 'system', x.system, 'fault', x.fault)), '[]') from (select * from kept where fault is not null order by subject limit ${maxExceptions}) x) as exceptions`.execute(tx);
  const row = rows[0]!;
  return { population: Number(row.population), faults: Number(row.faults), systems: row.systems, exceptions: row.exceptions };
}

export function countMembers(members: readonly Counted[]): Count {
  const systems: Record<string, { population: number; faults: number }> = {};
  const exceptions: { subject: string; system: string | null; fault: string }[] = [];
  let faults = 0;
  for (const { subject, system, fault } of members) {
    if (system !== null) {
      const own = (systems[system] ??= { population: 0, faults: 0 });
      own.population++;
      if (fault !== null) own.faults++;
    }
    if (fault === null) continue;
    faults++;
    if (exceptions.length < maxExceptions) exceptions.push({ subject, system, fault });
  }
  return { population: members.length, faults, systems, exceptions };
}

/** The question as it was put, with its values, to be asked again. */
export function queryText(tx: Tx, select: RawBuilder<unknown>): string {
  const { sql: text, parameters } = select.compile(tx);
  return `${text.replaceAll(/\s+/g, " ")}${parameters.length === 0 ? "" : ` -- ${parameters.map((one, n) => `$${n + 1} = ${JSON.stringify(one)}`).join(", ")}`}`;
}
