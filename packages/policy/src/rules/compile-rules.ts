import type { CompiledRules, PolicyRule } from "../types.ts";

/** Manifest sugar to Cedar text. Never throws: what is wrong is in `problems`, with rule id and remedy. */
export declare function compileRules(policyName: string, rules: readonly PolicyRule[]): CompiledRules;
