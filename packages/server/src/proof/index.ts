export { createStoreCheck } from "./store-check.ts";
export { proofRoutes } from "./routes.ts";
