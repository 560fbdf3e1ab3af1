export { startServer } from "./main.ts";
export type { ServerHandle, StartOptions } from "./main.ts";
export { recover } from "./recover.ts";
export type { RecoverOptions } from "./recover.ts";
