import { askReference } from "../reference.ts";
import { compilePolicySet, scopeMatches } from "./policy-set.ts";
import { Random, randomPolicy, randomWorld } from "./random-worlds.ts";

export interface DifferentialResult {
  readonly requests: number;
  readonly mismatches: readonly string[];
  readonly satisfied: number;
  readonly errors: number;
}

const policiesPerRequest = 8;

/** Random policies over random worlds, in both engines: satisfied policies and erring policies must be the same. */
export function runDifferential(requests: number, seed: number): DifferentialResult {
  const mismatches: string[] = [];
  let satisfied = 0;
  let errors = 0;
  for (let index = 0; index < requests; index += 1) {
    const random = new Random(seed + index);
    const { environment, entities } = randomWorld(random);
    const policies = Object.fromEntries(
      Array.from({ length: policiesPerRequest }, (_, place) => [`p${place}`, randomPolicy(random)]),
    );
    const found: string[] = [];
    const erred: string[] = [];
    for (const [id, text] of Object.entries(policies)) {
      const [policy] = compilePolicySet(text);
      try {
        const { principal, action, resource, holds } = policy!;
        const inScope =
          scopeMatches(principal, environment.principal) &&
          scopeMatches(action, environment.action) &&
          scopeMatches(resource, environment.resource);
        if (inScope && holds(environment)) found.push(`${policy!.effect} ${id}`);
      } catch {
        erred.push(id);
      }
    }
    const answer = askReference(policies, environment, entities);
    const forbids = found.filter((entry) => entry.startsWith("forbid"));
    const ours = (forbids.length > 0 ? forbids : found).map((entry) => entry.split(" ")[1]!);
    satisfied += found.length;
    errors += erred.length;
    if (
      [...answer.reasons].sort().join() !== ours.sort().join() ||
      [...answer.errors].sort().join() !== erred.sort().join()
    ) {
      mismatches.push(
        `seed ${seed + index}: ours ${ours} errors ${erred}; reference ${answer.reasons} errors ${answer.errors}\n${Object.values(policies).join("\n")}`,
      );
    }
  }
  return { requests, mismatches, satisfied, errors };
}
