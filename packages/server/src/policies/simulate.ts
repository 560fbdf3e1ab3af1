import type { Period, ReplayDeps, ReplayResult } from "../replay/index.ts";
import { replayPeriod } from "../replay/index.ts";
import { withProposal } from "./proposal.ts";
import type { Proposal } from "./proposal.ts";

const order = { allow: 0, hold: 1, deny: 2 } as const;

export interface Simulated extends ReplayResult {
  /** Of the differences shown: those that the proposal would let pass, or let pass sooner, and those it would stop. */
  readonly looser: number;
  readonly stricter: number;
}

/**
 * Recorded traffic under a proposal: every decision of the period made again with it in force. A hold that a person said
 * yes to is compared by what the rules said, not by what became of it.
 * @param period one system of the proposal's, or all of them
 */
export async function simulate(deps: ReplayDeps, proposal: Proposal, cedar: string, period: Period): Promise<Simulated> {
  // Whoever doesn't carry it is decided as before.
  const result = await replayPeriod(deps, period.system === undefined ? { ...period, systems: proposal.systems } : period, withProposal(proposal, cedar));
  const weigh = (outcome: string): number => order[outcome as keyof typeof order] ?? 2;
  const looser = result.shown.filter((one) => weigh(one.replayed.outcome) < weigh(one.recorded.outcome)).length;
  const stricter = result.shown.filter((one) => weigh(one.replayed.outcome) > weigh(one.recorded.outcome)).length;
  return { ...result, looser, stricter };
}
