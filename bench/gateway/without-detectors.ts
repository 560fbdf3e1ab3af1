/**
 * Preloaded by the benchmark alone, to show what the detectors cost: whoever asks for them gets ones that look at
 * nothing. The product has no such switch.
 */
import { registerHooks } from "node:module";

const stub = new URL("blind-detectors.ts", import.meta.url).href;

registerHooks({
  resolve: (specifier, context, next) =>
    specifier === "@mandate/detectors" && context.parentURL !== stub
      ? { url: stub, format: "module-typescript", shortCircuit: true }
      : next(specifier, context),
});
