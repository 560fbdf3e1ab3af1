import type { Period, ReplayDeps, ReplayResult } from "../replay/index.ts";
import { replayPeriod } from "../replay/index.ts";
import { withProposal } from "./proposal.ts";
import type { Proposal } from "./proposal.ts";

/**
 * Recorded traffic under a proposal: every decision of the period made again with it in force. A hold that a person said
 * yes to is compared by what the rules said, not by what became of it.
 * @param period one system of the proposal's, or all of them
 * @param signal once aborted, what was gone through so far is the result
 */
export function simulate(deps: ReplayDeps, proposal: Proposal, cedar: string, period: Period, signal: AbortSignal): Promise<ReplayResult> {
  // Whoever doesn't carry it is decided as before.
  return replayPeriod(deps, period.system === undefined ? { ...period, systems: proposal.systems } : period, withProposal(proposal, cedar), signal);
}
