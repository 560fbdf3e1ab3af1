import { createHash } from "node:crypto";
import type { RegisterFacts, SystemFacts } from "@mandate/model";
import type { InvariantProof, StandingInvariant, Widening } from "@mandate/policy/proof";

/** What is asked of the solver. Plain data: it travels to a thread of its own. */
export interface ProofQuestion {
  /** Null: nothing to compare with. */
  readonly before: RegisterFacts | null;
  readonly after: RegisterFacts;
  readonly invariants: readonly StandingInvariant[];
  /** Also those that come with the product. */
  readonly builtIn: boolean;
}

export interface ProofAnswer {
  readonly invariants: readonly InvariantProof[];
  readonly builtIn: readonly InvariantProof[];
  /** Null where nothing was compared. */
  readonly widening: Widening | null;
}

/**
 * The same question with no more of the register than it needs: one system for each set of policies, and the things that
 * policies name. A large register would otherwise be copied for every proof.
 */
export function narrowed({ before, after, invariants, builtIn }: ProofQuestion): ProofQuestion {
  const named = [...(before?.policies ?? []), ...after.policies].map((policy) => policy.cedar).join("\n") + JSON.stringify(invariants);
  const was = new Map(before?.systems.map((system) => [system.name, system.policies]));
  const seen = new Map<string, SystemFacts>();
  for (const system of after.systems) {
    const key = JSON.stringify([was.get(system.name) ?? null, system.policies]);
    // a running system makes a better example than one that is not
    const known = seen.get(key);
    if (known === undefined || (known.status !== "operating" && system.status === "operating")) seen.set(key, system);
  }
  const kept = new Set([...seen.values()].map((system) => system.name));
  const narrow = (facts: RegisterFacts): RegisterFacts => {
    const isNamed = ({ name }: { readonly name: string }): boolean => named.includes(name);
    // what is attached to anybody does not bind everybody: systems left out must not change that
    const carried = new Map(facts.systems.map((system) => [JSON.stringify(system.policies), system]));
    const systems = [...facts.systems.filter((system) => kept.has(system.name)), ...[...carried.values()].filter((system) => !kept.has(system.name))];
    return { ...facts, systems, tools: facts.tools.filter(isNamed), models: facts.models.filter(isNamed), destinations: facts.destinations.filter(isNamed), datasets: [], mcpServers: [], vendors: [], groups: [], externals: [] };
  };
  return { before: before === null ? null : narrow(before), after: narrow(after), invariants, builtIn };
}

/** Equal keys have equal answers: what only decorates examples is left out. */
export function keyOf({ before, after, invariants, builtIn }: ProofQuestion): string {
  const essence = (facts: RegisterFacts | null) =>
    facts && {
      policies: facts.policies.map(({ name, cedar }) => [name, cedar]),
      bindings: [...new Set(facts.systems.map((system) => JSON.stringify(system.policies)))].toSorted(),
      tools: facts.tools.map(({ name, input }) => [name, input]),
    };
  return createHash("sha256").update(JSON.stringify([essence(before), essence(after), invariants, builtIn])).digest("hex");
}
