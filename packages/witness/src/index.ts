export { startWitness } from "./serve.ts";
export type { RunningWitness, WitnessOptions } from "./serve.ts";
export { openWitnessState } from "./state.ts";
export type { WitnessState } from "./state.ts";
export { createWitness } from "./witness.ts";
export type { Witness, WitnessAnswer } from "./witness.ts";
