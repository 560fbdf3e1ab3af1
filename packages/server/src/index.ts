export { startServer } from "./main.ts";
export type { ServerHandle, StartOptions } from "./main.ts";
