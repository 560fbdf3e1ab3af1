import type { Database, Tx } from "../database/index.ts";
import type { Counted, Planting, QueryMeasure, ReadMeasure, Scope } from "./measure.ts";
import { countMembers, countRows } from "./count.ts";
import { plantSystem, plantedSystem } from "./plant.ts";

/** Carries the answer out of a transaction that must not commit. */
class Undone {
  readonly saw: string | null;
  constructor(saw: string | null) {
    this.saw = saw;
  }
}

const hourMs = 3_600_000;

/**
 * Plants a fault and asks the same question again: a measure that doesn't see it proves nothing by passing.
 * INVARIANT: the transaction never commits, so what is planted is in no list, no snapshot and no log.
 * @returns what was seen, or null: the fault was not seen
 */
export async function provePlanted(db: Database, org: string, nowMs: number, measure: QueryMeasure | ReadMeasure): Promise<string | null> {
  const now = new Date(nowMs);
  const scope: Scope = { org, now, since: new Date(nowMs - 3 * hourMs) };
  try {
    await db.transaction(org, async (tx) => {
      const planting: Planting = { tx, org, now, system: plantedSystem };
      await plantSystem(planting);
      const before = await faultsOf(tx, scope, measure);
      await measure.plant(planting);
      const after = await faultsOf(tx, scope, measure);
      throw new Undone(after.faults > before.faults ? (after.words ?? "the planted fault was counted") : null);
    });
  } catch (signal) {
    if (signal instanceof Undone) return signal.saw;
    const constraint = checkViolation(signal);
    if (constraint !== undefined) return `the store itself refuses what was planted (${constraint})`;
    throw signal;
  }
  throw new Error("a planted fault was not undone");
}

async function faultsOf(tx: Tx, scope: Scope, measure: QueryMeasure | ReadMeasure): Promise<{ readonly faults: number; readonly words: string | null }> {
  const count = measure.kind === "query" ? await countRows(tx, scope, measure.select(scope), ["T0", "T1", "T2", "T3", "X"]) : countMembers(await measure.read(tx, scope));
  return { faults: count.faults, words: count.exceptions.find((one) => one.system === plantedSystem || one.subject.includes("planted"))?.fault ?? null };
}

/** Name of the constraint that refused it (23514), which is a refusal seen as well. */
function checkViolation(error: unknown): string | undefined {
  if (typeof error !== "object" || error === null) return undefined;
  const { code, constraint, cause } = error as { readonly code?: unknown; readonly constraint?: unknown; readonly cause?: unknown };
  if (code === "23514") return typeof constraint === "string" ? constraint : "check";
  return cause === undefined ? undefined : checkViolation(cause);
}

/** True when the planted member is one more fault. */
export function sawFault(before: readonly Counted[], after: readonly Counted[]): boolean {
  return after.filter((one) => one.fault !== null).length > before.filter((one) => one.fault !== null).length;
}
