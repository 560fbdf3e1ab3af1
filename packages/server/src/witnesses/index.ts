export { createCosigner } from "./cosign.ts";
export type { Cosigner } from "./cosign.ts";
export { witnessRoutes } from "./routes.ts";
export { tlogRoutes } from "./tlog-routes.ts";
