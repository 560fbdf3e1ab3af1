import type { BreakGlassFacts, RegisterFacts } from "@mandate/model";
import { sql } from "kysely";
import type { Tx } from "../database/index.ts";

/**
 * Adds to each system what is lifted for it now. The end travels with it and is compared at the call, so a gateway that
 * hears nothing more still ends it in time.
 */
export async function withBreakGlass(tx: Tx, nowMs: number, facts: RegisterFacts): Promise<RegisterFacts> {
  const { rows } = await sql<{ name: string; systems: string[]; rules: string[]; ends_at: Date }>`select p.name, p.systems, p.rules, u.ends_at from break_glass_uses u join break_glass_plans p on p.org = u.org and p.id = u.plan_id
    where u.org = mandate_org() and u.ends_at > ${new Date(nowMs)} order by u.ends_at`.execute(tx);
  if (rows.length === 0) return facts;
  const open = (system: string): BreakGlassFacts[] => rows.filter((row) => row.systems.includes(system)).map((row) => ({ name: row.name, rules: row.rules, until: Math.floor(row.ends_at.getTime() / 1000) }));
  return { ...facts, systems: facts.systems.map((system) => { const breakGlass = open(system.name); return breakGlass.length === 0 ? system : { ...system, breakGlass }; }) };
}
