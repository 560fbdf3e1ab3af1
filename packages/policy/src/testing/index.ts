/** For tests and benchmarks alone: nothing that runs in production imports it. */
export { type DifferentialResult, runDifferential } from "../cedar/differential.ts";
export { conciergeRules, conciergeTests, now, registerFacts, request, systemFacts, toolFacts } from "./fixture.ts";
export { type CallDifferential, runCallDifferential } from "./proof-calls.ts";
export { type ProofDifferential, runProofDifferential } from "./proof-worlds.ts";
export { questionForReference } from "./question-for-reference.ts";
