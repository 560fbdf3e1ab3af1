import { compileRules } from "@mandate/policy";
import type { CompiledRules } from "@mandate/policy";
import type { SpecOf } from "@mandate/model";
import type { Register, StoredObject } from "./store.ts";

type PolicySpec = Pick<SpecOf<"Policy">, "rules" | "cedar">;

/** Compiling is pure, and the same few texts are compiled for every snapshot. */
const compiled = new Map<string, CompiledRules>();
const maxKept = 2000;

export function compilePolicySpec(name: string, spec: PolicySpec): CompiledRules {
  if (spec.cedar !== undefined) return { cedar: spec.cedar, problems: [] };
  const key = JSON.stringify([name, spec.rules]);
  let result = compiled.get(key);
  if (!result) {
    result = compileRules(name, (spec.rules ?? []));
    if (compiled.size >= maxKept) compiled.clear();
    compiled.set(key, result);
  }
  return result;
}

/** Cedar text of a policy, whichever way it is written. */
export function compiledPolicy(name: string, spec: PolicySpec): string {
  return compilePolicySpec(name, spec).cedar;
}

export function policiesIn(register: Register): readonly StoredObject<"Policy">[] {
  return [...register.values()].filter((object): object is StoredObject<"Policy"> => object.kind === "Policy");
}
