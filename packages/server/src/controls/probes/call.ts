import type { ProbeCall, ProbeMet } from "@mandate/gateway";
import type { ProbeCase } from "./cases.ts";

/** One gateway that can be asked to be called, this process's own among them. */
export interface ProbedGateway {
  readonly name: string;
  /** Its own log, for a gateway whose word is held against what it wrote; null: this process's own. */
  readonly origin: string | null;
  /** Makes these calls at its listener. Null as a whole or in a place: nothing is known. */
  ask(calls: readonly ProbeCall[]): Promise<readonly (ProbeMet | null)[] | null>;
}

/** What one probe met at one gateway. */
export interface ProbeOutcome {
  readonly control: string;
  readonly planted: string;
  readonly gateway: string;
  readonly origin: string | null;
  readonly met: "refused" | "not_refused" | "not_known";
  /** What came back, in words. */
  readonly saw: string;
  /** Whether the same comparison fails on the answer to a call with nothing wrong planted: what never fails proves nothing. */
  readonly distinguishes: boolean;
  readonly decision: string | null;
}

const isThat = (met: ProbeMet, { refused }: ProbeCase): boolean => met.code === refused.code && (refused.rule === undefined || met.rule === refused.rule);

/**
 * Compares the refusal with the one it must be.
 * @param met null: nothing answered
 * @param twin what the same key's system meets there when nothing wrong is planted; null: that could not be asked
 */
export function outcomeOf(one: ProbeCase, { name, origin }: ProbedGateway, met: ProbeMet | null, twin: ProbeMet | null): ProbeOutcome {
  const about = { control: one.control, planted: one.planted, gateway: name, origin, distinguishes: twin !== null && !isThat(twin, one), decision: met?.decision ?? null };
  if (met === null) return { ...about, met: "not_known", saw: "no answer" };
  const wanted = one.refused.rule === undefined ? one.refused.code : `${one.refused.code} (${one.refused.rule})`;
  const got = met.code === null ? `status ${met.status}` : met.rule === null || one.refused.rule === undefined ? met.code : `${met.code} (${met.rule})`;
  return isThat(met, one) ? { ...about, met: "refused", saw: `refused: ${got}` } : { ...about, met: "not_refused", saw: `${got} instead of ${wanted}` };
}
