import type { DecisionRequest } from "@mandate/model";
import type { Compiled } from "../compiled.ts";
import type { GatewayOptions } from "../options.ts";

/** No more often than this, whatever the traffic: a comparison takes milliseconds of this one thread. */
const minGapMs = 1_000;

/**
 * Compares one decision in so many with the reference engine, after the call was decided. INVARIANT (G11): a policy
 * version that once disagreed with the reference decides nothing more, and what replaces it is compared before its first
 * decision counts for the same system.
 */
export class ReferenceSample {
  readonly #options: Pick<GatewayOptions, "control" | "log">;
  readonly #every: number;
  readonly #now: () => number;
  readonly #later: (work: () => void) => void;
  readonly #doubted = new Set<string>();
  /** Systems whose decision differed: compared each time until the process ends. */
  readonly #watched = new Set<string>();
  #count = 0;
  #waiting = false;
  #lastMs = 0;

  constructor(init: {
    options: Pick<GatewayOptions, "control" | "log">;
    every: number;
    now: () => number;
    later?: (work: () => void) => void;
  }) {
    this.#options = init.options;
    this.#every = init.every;
    this.#now = init.now;
    this.#later = init.later ?? ((work) => void setImmediate(work));
  }

  /** Whether this question may be decided by the compiled rules at all. */
  trusts(compiled: Compiled, request: DecisionRequest): boolean {
    if (this.#doubted.has(compiled.policy.policyVersion)) return false;
    return !this.#watched.has(request.system) || this.#agrees(compiled, request);
  }

  /** Counts a decision that was made, and compares it later when its turn has come. */
  decided(compiled: Compiled, request: DecisionRequest): void {
    if (++this.#count < this.#every || this.#waiting || this.#now() - this.#lastMs < minGapMs) return;
    this.#count = 0;
    this.#waiting = true;
    this.#lastMs = this.#now();
    this.#later(() => {
      this.#waiting = false;
      this.#agrees(compiled, request);
    });
  }

  #agrees(compiled: Compiled, request: DecisionRequest): boolean {
    const { policy } = compiled;
    const { equal, difference } = policy.compareWithReference(request);
    if (equal) return true;
    this.#doubted.add(policy.policyVersion);
    this.#watched.add(request.system);
    this.#options.log.error("policy.reference_mismatch", {
      system: request.system,
      action: request.action,
      policyVersion: policy.policyVersion,
      difference,
    });
    this.#options.control.report({
      key: `reference:${policy.policyVersion}`,
      system: request.system,
      kind: "policy_mismatch",
      title: "The compiled rules and the reference engine disagree",
      detail: `Policy version ${policy.policyVersion}, ${request.action} of ${request.system}: ${difference ?? "no detail"}. Calls are refused under this version.`,
    });
    return false;
  }
}
