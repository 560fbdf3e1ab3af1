import type { gradesOfKnowing } from "@mandate/model";

export type Grade = (typeof gradesOfKnowing)[number];

/** `unproven`: the measure was never seen to fail, or nothing can measure it, so that it says nothing. `stale` counts as a fail. */
export const controlOutcomes = ["pass", "fail", "stale", "not_applicable", "unproven"] as const;
export type ControlOutcome = (typeof controlOutcomes)[number];

/** One member of the population that isn't as the control says. */
export interface ControlFault {
  readonly subject: string;
  readonly system: string | null;
  readonly fault: string;
  /** The exception in force that lets it stand, by id. It stays a fault: an exception accepts, it mends nothing. */
  readonly exception: string | null;
}

export interface SystemCount {
  readonly population: number;
  readonly faults: number;
  readonly excepted: number;
}

/** How the measure was seen to fail, so that its pass means something. */
export interface ControlProof {
  /** `planted`: the same query found a fault planted in a transaction that was undone. `gateway`: the running gateway refused a call made to be refused. `sample`: the same check refused facts made to be refused. */
  readonly how: "planted" | "gateway" | "sample" | "log";
  /** What was planted, and what was seen. */
  readonly saw: string;
  /** RFC 3339. */
  readonly at: string;
  /** Decisions of the probe, where it made any. */
  readonly decisions?: readonly string[];
}

/** What one gateway met when it was probed for a control. */
export interface ProbedAt {
  readonly gateway: string;
  readonly outcome: "refused" | "not_refused" | "not_known";
  /** What came back, in words. */
  readonly saw: string;
}

/**
 * What one run of one control found. Stored as it is and never changed; the same object stands in the log.
 */
export interface ControlResult {
  /** `cres_…` */
  readonly id: string;
  readonly run: string;
  readonly control: string;
  /** RFC 3339. */
  readonly at: string;
  readonly grade: Grade;
  readonly outcome: ControlOutcome;
  /** In plain words: what was found, or why it can't be told. */
  readonly reason: string;
  /** What is counted: `systems`, `calls`, `credentials`. */
  readonly unit: string;
  readonly population: number;
  readonly faults: number;
  readonly excepted: number;
  /** The first 200 faults. */
  readonly exceptions: readonly ControlFault[];
  /** Counts by system, where the population belongs to systems. */
  readonly systems: Readonly<Record<string, SystemCount>>;
  /** The exact question, to be asked again. */
  readonly query: string;
  readonly window: { readonly since: string; readonly until: string };
  /** Where each log stood. */
  readonly position: readonly { readonly origin: string; readonly size: number }[];
  readonly proof: ControlProof | null;
  /** Of controls with a probe: each gateway by itself. Empty of others, and of results from before gateways were told apart. */
  readonly gateways: readonly ProbedAt[];
  readonly startedBy: string;
}

/** A result older than this says nothing of today (INC-03): it is stale, which counts as a fail. */
export const goodForMs = 24 * 3_600_000;

/** As the clock reads it: what passed and wasn't measured again in time is stale. */
export function outcomeAt(result: Pick<ControlResult, "outcome" | "at">, nowMs: number): ControlOutcome {
  if (result.outcome !== "pass" && result.outcome !== "fail") return result.outcome;
  return nowMs - Date.parse(result.at) > goodForMs ? "stale" : result.outcome;
}

/** The outcome for chosen systems alone; a control that counts no system's things keeps its own. */
export function outcomeFor(result: ControlResult, systems: readonly string[]): ControlOutcome {
  if (systems.length === 0 || Object.keys(result.systems).length === 0 || (result.outcome !== "pass" && result.outcome !== "fail")) return result.outcome;
  const counts = systems.flatMap((name) => (Object.hasOwn(result.systems, name) ? [result.systems[name]!] : []));
  if (counts.length === 0) return "not_applicable";
  return counts.some((one) => one.faults > 0) ? "fail" : "pass";
}
