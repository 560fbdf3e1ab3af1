export { replayDecision, replayPeriod } from "./replay.ts";
export type { Difference, Propose, ReplayDeps, ReplayResult } from "./replay.ts";
export type { Period } from "./recorded.ts";
export { sampleReplays } from "./sample.ts";
export { goneSignal, replayResult, replayRoutes, shownReplay } from "./routes.ts";
