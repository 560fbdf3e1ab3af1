import { parentPort } from "node:worker_threads";
import { Prover } from "@mandate/policy/proof";
import type { ProofAnswer, ProofQuestion } from "./question.ts";
import { z3Solver } from "./z3.ts";

/** What a proof costs stays in this thread, which is ended from outside when it takes too long or isn't needed. */
export interface ProofTask {
  readonly question: ProofQuestion;
  readonly timeoutMs: number;
  readonly budgetMs: number;
  readonly maxMemoryMb: number;
}

export type ProofReply = { readonly answer: ProofAnswer } | { readonly error: string };

let solver: ReturnType<typeof z3Solver> | undefined;

async function answer({ question, timeoutMs, budgetMs, maxMemoryMb }: ProofTask): Promise<ProofAnswer> {
  solver ??= z3Solver(maxMemoryMb);
  const prover = new Prover(await solver, { timeoutMs, budgetMs, now: Date.now });
  const invariants = await prover.invariants(question.invariants, question.after);
  const widening = question.before === null ? null : await prover.widening(question.before, question.after);
  return { invariants, widening, builtIn: question.builtIn ? await prover.builtIn() : [] };
}

parentPort?.on("message", (task: ProofTask) => {
  const reply = (said: ProofReply): void => parentPort?.postMessage(said, []);
  answer(task).then(
    (found) => reply({ answer: found }),
    (error: unknown) => reply({ error: error instanceof Error ? (error.stack ?? error.message) : String(error) }),
  );
});
