export * from "./vocabulary.ts";
export { isProbe, probePrefix } from "./probe.ts";
export * from "./errors.ts";
export * from "./ids.ts";
export * from "./facts.ts";
export * from "./mcp-methods.ts";
export * from "./decision.ts";
export * from "./evidence.ts";
export * from "./entities/index.ts";
