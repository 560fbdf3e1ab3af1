import type { SpecOf } from "@mandate/model";
import type { StandingInvariant } from "@mandate/policy/proof";

type PolicySpec = Pick<SpecOf<"Policy">, "invariants">;

/** Invariants that stand in these policies, in order of policy and place. */
export function standingIn(policies: Iterable<{ readonly name: string; readonly spec: PolicySpec }>): readonly StandingInvariant[] {
  return [...policies].toSorted((one, other) => (one.name < other.name ? -1 : 1)).flatMap(({ name, spec }) => (spec.invariants ?? []).map((invariant) => ({ ...invariant, policy: name })));
}
