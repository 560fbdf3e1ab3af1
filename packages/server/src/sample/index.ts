export { startScriptedProvider, type ScriptedProvider, type ScriptedProviderOptions } from "./provider/index.ts";
