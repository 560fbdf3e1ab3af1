export { deleteSecret, listSecrets, openSecrets, putSecret } from "./secrets.ts";
export type { SecretSummary } from "./secrets.ts";
export { openValue, sealValue } from "./envelope.ts";
export { loadMasterKey, parseMasterKey } from "./master-key.ts";
export { secretRoutes } from "./routes.ts";
export { holdSealing } from "./hold-sealing.ts";
export type { HoldSealing } from "./hold-sealing.ts";
