import type { Solver } from "@mandate/policy/proof";
import { init, killThreads } from "z3-solver";

/** The part of z3's WebAssembly module that is used here. */
interface Module {
  readonly HEAPU8: Uint8Array;
  _malloc(bytes: number): number;
  _free(pointer: number): void;
  async_call(call: () => void): Promise<string>;
  _async_Z3_eval_smtlib2_string(context: number, script: number): void;
}

/**
 * z3 compiled to WebAssembly. It runs where it is made: only ever in a thread of its own.
 * @param maxMemoryMb beyond it z3 gives up with an error
 */
export async function z3Solver(maxMemoryMb: number): Promise<Solver & { close(): Promise<void> }> {
  const { Z3, em } = await init();
  const module = em as Module;
  Z3.global_param_set("memory_max_size", `${maxMemoryMb}`);
  const begin = (): ReturnType<typeof Z3.mk_context> => Z3.mk_context(Z3.mk_config());
  let context = begin();
  return {
    // INVARIANT: the script stays in memory of its own until it is read. The package's `eval_smtlib2_string` passes it on
    // the stack, which is used again before z3's thread has read it: questions got mixed up.
    run: async (script) => {
      const bytes = new TextEncoder().encode(`${script}\0`);
      const pointer = module._malloc(bytes.length);
      if (pointer === 0) throw new Error("z3 has no memory left");
      try {
        module.HEAPU8.set(bytes, pointer);
        return await module.async_call(() => module._async_Z3_eval_smtlib2_string(context as unknown as number, pointer));
      } finally {
        module._free(pointer);
      }
    },
    reset: async () => {
      Z3.del_context(context);
      context = begin();
    },
    close: () => killThreads(em),
  };
}
