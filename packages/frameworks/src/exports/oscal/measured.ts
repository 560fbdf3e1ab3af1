import type { MeasuredFacts } from "../facts.ts";
import { prop } from "./document.ts";
import type { Prop } from "./document.ts";

/** How long a result speaks of today (INC-03). */
export const goodForMs = 24 * 3_600_000;

/** Grade and outcome in our words. OSCAL's own status has two values and both claim more than a measure knows. */
export function measuredProps(result: MeasuredFacts | undefined): readonly Prop[] {
  if (result === undefined) return [prop("outcome", "unproven"), prop("grade", "cant_tell"), prop("measured", "never")];
  return [
    prop("outcome", result.outcome),
    prop("grade", result.grade),
    prop("measured", result.at),
    prop("result", result.id),
    prop("unit", result.unit),
    prop("population", String(result.population)),
    prop("faults", String(result.faults)),
    prop("excepted", String(result.excepted)),
    prop("seen-to-fail", result.proof ?? "never"),
    ...result.position.map(({ origin, size }) => prop("log-position", `${origin} ${size}`)),
  ];
}

/** A result that says that something is wrong, or that is too old to say otherwise. */
export function isGap(result: MeasuredFacts): boolean {
  return result.outcome === "fail" || result.outcome === "stale";
}
