export { startScriptedProvider, type ScriptedProvider, type ScriptedProviderOptions } from "./server.ts";
export { fingerprint, label } from "./script.ts";
