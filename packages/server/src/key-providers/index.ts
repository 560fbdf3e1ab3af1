export { readKeyConfiguration } from "./configuration.ts";
export { openMasterKey } from "./open-master-key.ts";
export type { KeyConfiguration } from "./provider.ts";
