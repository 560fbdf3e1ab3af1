import type { RegisterFacts, Tier } from "@mandate/model";
import type { RawBuilder } from "kysely";
import type { Tx } from "../database/index.ts";
import type { GateFacts } from "../gates/index.ts";
import type { Grade } from "./result.ts";

export interface Scope {
  readonly org: string;
  readonly now: Date;
  readonly since: Date;
}

/** Where a fault is planted, in a transaction that is undone. `system` is a T3 system planted with it. */
export interface Planting {
  readonly tx: Tx;
  readonly org: string;
  readonly now: Date;
  readonly system: string;
}

interface Common {
  readonly control: string;
  readonly grade: Grade;
  /** What is counted. */
  readonly unit: string;
  /** The question in words. */
  readonly asks: string;
}

/**
 * One SELECT whose rows are the population: `subject`, `system` (null where it belongs to none) and `fault` (null: as it
 * should be). `plant` makes one more row with a fault: what was never seen to fail proves nothing.
 */
export interface QueryMeasure extends Common {
  readonly kind: "query";
  readonly select: (scope: Scope) => RawBuilder<unknown>;
  readonly plant: (planting: Planting) => Promise<unknown>;
}

/** What a gate looks at, for every system that is not retired. `plant` makes facts that it must not accept. */
export interface GateMeasure extends Common {
  readonly kind: "gate";
  readonly plant: (facts: GateFacts) => GateFacts;
}

/** A question that a slice answers better than one SELECT would. */
export interface ReadMeasure extends Common {
  readonly kind: "read";
  readonly read: (tx: Tx, scope: Scope) => Promise<readonly Counted[]>;
  readonly plant: (planting: Planting) => Promise<unknown>;
}

/** Over what gateways enforce right now. */
export interface FactsMeasure extends Common {
  readonly kind: "facts";
  readonly select: (facts: RegisterFacts, scope: Scope) => readonly Counted[];
  readonly plant: (facts: RegisterFacts) => RegisterFacts;
}

/** Nothing but the probe: the population is what was tried. */
export interface ProbeMeasure extends Common {
  readonly kind: "probe";
}

/** What nothing here can measure, and why. */
export interface Unmeasured {
  readonly kind: "unmeasured";
  readonly control: string;
  readonly why: string;
}

export type Measure = QueryMeasure | ReadMeasure | GateMeasure | FactsMeasure | ProbeMeasure | Unmeasured;

/** One member of the population. */
export interface Counted {
  readonly subject: string;
  readonly system: string | null;
  readonly fault: string | null;
}

/** `T1+` and kin, as `controls.yaml` writes it. */
export function tiersOf(appliesTo: string): readonly Tier[] {
  const all = ["T0", "T1", "T2", "T3", "X"] as const;
  if (appliesTo === "all") return all;
  const from = all.findIndex((tier) => appliesTo.startsWith(tier));
  return appliesTo.endsWith("+") ? all.slice(from) : all.slice(from, from + 1);
}
