export { createStoreCheck } from "./store-check.ts";
export { rotateLogRoutes } from "./rotate-log.ts";
export { proofRoutes } from "./routes.ts";
