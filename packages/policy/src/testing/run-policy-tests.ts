import type { RegisterFacts } from "@mandate/model";
import type { PolicyTest, PolicyTestResult } from "../types.ts";

/** Runs `spec.tests` of one policy: a granted system, a clean session, all policies in force. */
export declare function runPolicyTests(
  facts: RegisterFacts,
  policyName: string,
  tests: readonly PolicyTest[],
  now: number,
): readonly PolicyTestResult[];
