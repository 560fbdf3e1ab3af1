export { createMirror } from "./mirror.ts";
export type { Mirror } from "./mirror.ts";
export { mirrorRoutes } from "./routes.ts";
