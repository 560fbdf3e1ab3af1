import type { RegisterFacts } from "@mandate/model";
import type { PolicyProblem } from "../types.ts";

/** Checks every custom policy against the schema made from this register. Empty means sound. */
export declare function validatePolicies(facts: RegisterFacts, onlyPolicy?: string): readonly PolicyProblem[];
