import { Worker } from "node:worker_threads";
import { builtInInvariants, type InvariantProof, type StandingInvariant } from "@mandate/policy/proof";
import { keyOf, narrowed, type ProofAnswer, type ProofQuestion } from "./question.ts";
import type { ProofReply, ProofTask } from "./worker.ts";

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
const idleMs = 10_000;
const maxKept = 100;

/** @param fault is told what went wrong inside, for the log */
export function createProofs(fault: (error: unknown) => void, limits: ProofLimits = proofLimits): Proofs {
  const kept = new Map<string, ProofAnswer>();
  const running = new Map<string, Promise<ProofAnswer>>();
  let waiting = 0;
  let turn: Promise<unknown> = Promise.resolve();
  let worker: Worker | null = null;
  let idle: NodeJS.Timeout | undefined;
  let isClosed = false;

  const end = async (): Promise<void> => {
    const ended = worker;
    worker = null;
    clearTimeout(idle);
    await ended?.terminate();
  };

  const inThread = (question: ProofQuestion): Promise<ProofAnswer> =>
    new Promise((resolve, reject) => {
      if (isClosed) return reject(new Error("closed"));
      clearTimeout(idle);
      // its own memory limit, none of this process's environment and flags
      worker ??= new Worker(new URL("./worker.ts", import.meta.url), { env: {}, execArgv: [], resourceLimits: { maxOldGenerationSizeMb: 512 } });
      worker.removeAllListeners();
      const timer = setTimeout(() => reject(new OutOfTime()), limits.budgetMs + graceMs);
      const settled = (settle: () => void): void => {
        clearTimeout(timer);
        settle();
      };
      worker.once("message", (reply: ProofReply) => settled(() => ("answer" in reply ? resolve(reply.answer) : reject(new Error(reply.error)))));
      worker.once("error", (error) => settled(() => reject(error)));
      worker.once("exit", () => settled(() => reject(new Error("the thread ended without an answer"))));
      const task: ProofTask = { question, ...limits };
      worker.postMessage(task, []);
    });

  const oneAtATime = (question: ProofQuestion): Promise<ProofAnswer> => {
    waiting += 1;
    const mine = turn.then(async () => {
      try {
        const answer = await inThread(question);
        // the next question often follows at once, and starting costs more than asking
        idle = setTimeout(() => void end(), idleMs).unref();
        return answer;
      } catch (error) {
        await end();
        throw error;
      } finally {
        waiting -= 1;
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
      await end();
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
