import type { RegisterFacts } from "@mandate/model";
import type { CompileOptions, PolicyDecisionPoint } from "./types.ts";

export declare function compilePolicy(facts: RegisterFacts, options?: CompileOptions): PolicyDecisionPoint;
