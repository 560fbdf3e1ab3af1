import { parentPort, workerData } from "node:worker_threads";
import { Prover } from "@mandate/policy/proof";
import type { ProofAnswer, ProofQuestion } from "./question.ts";
import { z3Solver } from "./z3.ts";

/** A thread for one question. What it costs ends with it, and it is ended from outside when it takes too long. */
export interface ProofTask {
  readonly question: ProofQuestion;
  readonly timeoutMs: number;
  readonly budgetMs: number;
  readonly maxMemoryMb: number;
}

async function answer({ question, timeoutMs, budgetMs, maxMemoryMb }: ProofTask): Promise<ProofAnswer> {
  const prover = new Prover(await z3Solver(maxMemoryMb), { timeoutMs, budgetMs, now: Date.now });
  const invariants = await prover.invariants(question.invariants, question.after);
  const widening = question.before === null ? null : await prover.widening(question.before, question.after);
  return { invariants, widening, builtIn: question.builtIn ? await prover.builtIn() : [] };
}

parentPort?.postMessage(await answer(workerData as ProofTask), []);
