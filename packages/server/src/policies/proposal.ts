import type { RegisterFacts, SpecOf, SystemFacts } from "@mandate/model";
import { validateInvariants } from "@mandate/policy/proof";
import { runPolicyTests, validatePolicies } from "@mandate/policy";
import type { PolicyProblem, PolicyTestResult } from "@mandate/policy";
import { compilePolicySpec } from "../registry/index.ts";
import type { Propose } from "../replay/index.ts";

export type PolicySpec = SpecOf<"Policy">;

/** A version of a policy that nobody enforces, and the systems that would carry it. */
export interface Proposal {
  readonly name: string;
  readonly spec: PolicySpec;
  readonly systems: readonly string[];
}

export interface Judged {
  /** What it compiles to. */
  readonly cedar: string;
  readonly problems: readonly PolicyProblem[];
  /** Empty while there are problems. */
  readonly tests: readonly PolicyTestResult[];
}

/** Systems that carry the policy, in its present version or in the one they were approved with. */
export function boundBy(facts: RegisterFacts, name: string): string[] {
  return facts.systems.filter((system) => carries(system, name)).map((system) => system.name);
}

function carries(system: SystemFacts, name: string): boolean {
  return system.policies.some((policy) => isOf(policy, name));
}

/** The policy itself, or what of it an earlier approval keeps in force (`NAME/approved-for-SYSTEM`). */
function isOf(policy: string, name: string): boolean {
  return policy === name || policy.startsWith(`${name}/approved-for-`);
}

/** Compiles, checks against the register, and runs the tests written in it: what is asked before it is saved. */
export function judge(facts: RegisterFacts, proposal: Proposal, nowSeconds: number): Judged {
  const { cedar, problems } = compilePolicySpec(proposal.name, proposal.spec);
  if (problems.length > 0) return { cedar, problems, tests: [] };
  // Tests see what was reviewed: a drifted definition is the server's fault, not the rule's.
  const under = withProposal(proposal, cedar)({ ...facts, tools: facts.tools.map((tool) => ({ ...tool, changed: false })) });
  const found = [...validatePolicies(under, proposal.name), ...validateInvariants(under, proposal.name, proposal.spec.invariants ?? [])];
  return { cedar, problems: found, tests: found.length > 0 ? [] : runPolicyTests(under, proposal.name, proposal.spec.tests ?? [], nowSeconds) };
}

/** Facts as they would be with the proposal in force, approved by all who must: no earlier version binds beside it. */
export function withProposal({ name, systems }: Proposal, cedar: string): Propose {
  const made = new WeakMap<RegisterFacts, RegisterFacts>();
  return (facts) => {
    const known = made.get(facts);
    if (known !== undefined) return known;
    const proposed: RegisterFacts = {
      ...facts,
      policies: [...facts.policies.filter((policy) => !isOf(policy.name, name)), { name, version: 0, cedar }],
      systems: facts.systems.map((system) =>
        carries(system, name) || systems.includes(system.name) ? { ...system, policies: [...system.policies.filter((policy) => !isOf(policy, name)), name].toSorted() } : system,
      ),
    };
    made.set(facts, proposed);
    return proposed;
  };
}
