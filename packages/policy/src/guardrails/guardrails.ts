import { readFileSync } from "node:fs";
import { type CompiledPolicy, compilePolicySet } from "../cedar/policy-set.ts";

/** The static guardrails, exactly as enforced, for printing. */
export const guardrailsCedar: string = readFileSync(new URL("./guardrails.cedar", import.meta.url), "utf8");

export const guardrails: readonly CompiledPolicy[] = compilePolicySet(guardrailsCedar);

export const guardrailIds: readonly string[] = guardrails.map((policy) => policy.id);
