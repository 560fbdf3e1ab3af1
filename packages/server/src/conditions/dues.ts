import type { ConditionDues } from "@mandate/model";
import type { Tx } from "../database/index.ts";
import type { Register } from "../registry/index.ts";
import { duesOf, storedConditions } from "./condition.ts";
import type { Condition, Measured } from "./condition.ts";
import { measureConditions } from "./measure.ts";

export interface Conditioned {
  readonly id: string;
  readonly system: string;
  readonly state: string;
  readonly conditions: readonly unknown[];
}

export interface ConditionState {
  readonly conditions: readonly Condition[];
  readonly measured: readonly Measured[];
  readonly dues: ConditionDues;
}

/** Conditions of authorizations in force with their measures now, by system; those without any are left out. */
export async function conditionStates(tx: Tx, org: string, held: readonly Conditioned[], register: Register, nowMs: number): Promise<ReadonlyMap<string, ConditionState>> {
  const states = new Map<string, ConditionState>();
  for (const one of held) {
    if (one.conditions.length === 0) continue;
    const conditions = storedConditions(one.conditions);
    const measured = await measureConditions(tx, org, one.system, conditions, register, nowMs);
    states.set(one.system, { conditions, measured, dues: duesOf(conditions, measured, nowMs) });
  }
  return states;
}
