export { type Example } from "./example.ts";
export { type InvariantProof, type ProofState, type Provable, type Widening } from "./findings.ts";
export { builtInInvariants, type Invariant, type StandingInvariant, validateInvariants } from "./invariants.ts";
export { type ProofOptions, Prover } from "./prove.ts";
export { type Solver } from "./session.ts";
export { CannotTell } from "./terms.ts";
