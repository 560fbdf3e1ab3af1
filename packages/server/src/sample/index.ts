export { startScriptedProvider, type ScriptedProvider, type ScriptedProviderOptions } from "./provider/index.ts";
export { loadSample, type Sample, type SampleOptions } from "./load.ts";
export { removeSample } from "./remove.ts";
export { sampleRoutes } from "./routes.ts";
export { sampleCommands, type SampleCommands } from "./commands.ts";
export { startTraffic, type Traffic, type TrafficOptions } from "./traffic.ts";
export type { SampleServer } from "./control.ts";
