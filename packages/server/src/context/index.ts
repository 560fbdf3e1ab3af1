export { createContexts, systemActor } from "./contexts.ts";
export type { AppendEvidence, ContextOptions, Contexts, ServerContext } from "./contexts.ts";
export { bumpRegisterVersion, readRegisterVersion } from "./register-version.ts";
