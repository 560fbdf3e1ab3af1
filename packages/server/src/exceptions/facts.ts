import type { RegisterFacts } from "@mandate/model";
import type { Tx } from "../database/index.ts";
import { sql } from "kysely";
import { exceptionsInForce } from "./store.ts";

/** Adds to each system the rules lifted for it alone. The end travels with it and is compared at the call. */
export async function withExceptions(tx: Tx, nowMs: number, facts: RegisterFacts): Promise<RegisterFacts> {
  const { rows } = await sql<{ org: string }>`select mandate_org() as org`.execute(tx);
  const lifted = (await exceptionsInForce(tx, rows[0]!.org, nowMs)).filter((one) => one.scope === "rule");
  if (lifted.length === 0) return facts;
  return {
    ...facts,
    systems: facts.systems.map((system) => {
      const own = lifted.filter((one) => one.system === system.name && one.tier === system.tier).map((one) => ({ id: one.id, rule: one.target, until: Math.floor(one.endsAt.getTime() / 1000) }));
      return own.length === 0 ? system : { ...system, exceptions: own };
    }),
  };
}
