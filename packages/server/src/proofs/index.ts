export { createProofs } from "./prover.ts";
export type { Proofs } from "./prover.ts";
export { keyOf, narrowed } from "./question.ts";
export type { ProofAnswer, ProofQuestion } from "./question.ts";
export { invariantRoutes } from "./routes.ts";
export { showProof, shownProof, shownWidening, showWidening } from "./shown.ts";
export { standingIn } from "./standing.ts";
export { obstacle } from "./words.ts";
