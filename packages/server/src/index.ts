export { startServer } from "./main.ts";
export type { ServerHandle, StartOptions } from "./main.ts";
export { beginNewEpoch } from "./epoch.ts";
export type { EpochOptions, NewEpoch } from "./epoch.ts";
export { recover } from "./recover.ts";
export type { RecoverOptions } from "./recover.ts";
