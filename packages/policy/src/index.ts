export { isLiftable, isLiftableGuardrail } from "./break-glass.ts";
export type {
  CompiledRules,
  CompileOptions,
  ExternalRequest,
  PolicyDecision,
  PolicyDecisionPoint,
  PolicyProblem,
  PolicyRule,
  PolicyTest,
  PolicyTestResult,
  ReferenceComparison,
} from "./types.ts";
export { compilePolicy } from "./decision-point.ts";
export type { Passing } from "./passes.ts";
export type { DecisionTrace, RuleVerdict, TracedRule } from "./trace.ts";
export { compileRules } from "./rules/compile-rules.ts";
export { validatePolicies } from "./rules/validate-policies.ts";
export { runPolicyTests } from "./testing/run-policy-tests.ts";
export { guardrailsCedar, guardrailIds } from "./guardrails/guardrails.ts";
export { cedarSchema } from "./schema.ts";
export { dataArea } from "./request-context.ts";
export { coveredJurisdictions, regionWithin } from "./jurisdictions.ts";
export { type Declassified, declassifiedIn, labelsFromMessages, type Turn } from "./flow/labels.ts";
export { argumentsFromUser, userTextsFromMessages } from "./flow/provenance.ts";
