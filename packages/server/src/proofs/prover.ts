import { Worker } from "node:worker_threads";
import { builtInInvariants, type InvariantProof, type StandingInvariant } from "@mandate/policy/proof";
import { keyOf, narrowed, type ProofAnswer, type ProofQuestion } from "./question.ts";
import type { ProofTask } from "./worker.ts";

/** Asks the solver; whatever becomes of it there is an answer, and only what was proven says so. */
export interface Proofs {
  prove(question: ProofQuestion): Promise<ProofAnswer>;
  close(): Promise<void>;
}

export interface ProofLimits {
  /** For one question to the solver. */
  readonly timeoutMs: number;
  /** For all that one request asks; the thread is ended soon after. */
  readonly budgetMs: number;
  readonly maxMemoryMb: number;
  /** More are told at once that nobody can say now. */
  readonly maxWaiting: number;
}

export const proofLimits: ProofLimits = { timeoutMs: 4000, budgetMs: 20_000, maxMemoryMb: 768, maxWaiting: 8 };

const graceMs = 5000;
const maxKept = 100;

/** @param fault is told what went wrong inside, for the log */
export function createProofs(fault: (error: unknown) => void, limits: ProofLimits = proofLimits): Proofs {
  const kept = new Map<string, ProofAnswer>();
  const running = new Map<string, Promise<ProofAnswer>>();
  let waiting = 0;
  let turn: Promise<unknown> = Promise.resolve();
  let worker: Worker | null = null;
  let isClosed = false;

  const inThread = (question: ProofQuestion): Promise<ProofAnswer> =>
    new Promise((resolve, reject) => {
      if (isClosed) return reject(new Error("closed"));
      const task: ProofTask = { question, ...limits };
      // its own memory limit, none of this process's environment and flags
      const thread = new Worker(new URL("./worker.ts", import.meta.url), { workerData: task, env: {}, execArgv: [], resourceLimits: { maxOldGenerationSizeMb: 512 } });
      worker = thread;
      const timer = setTimeout(() => reject(new OutOfTime()), limits.budgetMs + graceMs);
      thread.once("message", (answer: ProofAnswer) => resolve(answer));
      thread.once("error", reject);
      thread.once("exit", () => {
        clearTimeout(timer);
        reject(new Error("the thread ended without an answer"));
      });
    });

  const oneAtATime = (question: ProofQuestion): Promise<ProofAnswer> => {
    waiting += 1;
    const mine = turn.then(async () => {
      try {
        return await inThread(question);
      } finally {
        waiting -= 1;
        await worker?.terminate();
        worker = null;
      }
    });
    turn = mine.catch(() => undefined);
    return mine;
  };

  return {
    async prove(asked) {
      if (asked.before === null && asked.invariants.length === 0 && !asked.builtIn) return { invariants: [], builtIn: [], widening: null };
      const question = narrowed(asked);
      const key = keyOf(question);
      const known = kept.get(key);
      if (known !== undefined) return known;
      if (waiting >= limits.maxWaiting && !running.has(key)) return nobodyKnows(question, "other proofs are waiting; ask again in a minute");
      try {
        const under = running.get(key) ?? oneAtATime(question);
        running.set(key, under);
        const answer = await under;
        if (isCertain(answer)) {
          if (kept.size >= maxKept) kept.delete(kept.keys().next().value!);
          kept.set(key, answer);
        }
        return answer;
      } catch (error) {
        if (!isClosed && !(error instanceof OutOfTime)) fault(error);
        return nobodyKnows(question, error instanceof OutOfTime ? "the solver was ended because it took too long" : "the solver failed; the log says why");
      } finally {
        running.delete(key);
      }
    },
    async close() {
      isClosed = true;
      await worker?.terminate();
      await turn;
    },
  };
}

class OutOfTime extends Error {}

const isCertain = ({ invariants, builtIn, widening }: ProofAnswer): boolean => [...invariants, ...builtIn].every((one) => one.state !== "cant_tell") && widening?.state !== "cant_tell";

function nobodyKnows({ before, invariants, builtIn }: ProofQuestion, reason: string): ProofAnswer {
  const unknown = ({ id, policy, on, deniedWhen, heldWhen, because, mustProve = false }: StandingInvariant): InvariantProof => ({ id, policy, on, asks: deniedWhen === undefined ? "held" : "denied", condition: deniedWhen ?? heldWhen ?? "", because: because ?? null, mustProve, state: "cant_tell", reason, example: null });
  return { invariants: invariants.map(unknown), builtIn: builtIn ? builtInInvariants.map(unknown) : [], widening: before === null ? null : { state: "cant_tell", reason, example: null } };
}
