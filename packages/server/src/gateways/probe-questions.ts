import type { ProbeCall, ProbeMet } from "@mandate/gateway";

type Met = readonly (ProbeMet | null)[];

interface Waiting {
  readonly gateway: string;
  readonly calls: number;
  readonly done: (met: Met | null) => void;
}

/** Some twenty calls over loopback are a matter of a second; a machine that is full takes longer. */
const answersWithinMs = 60_000;

/** What gateways elsewhere meet when they call themselves as an application there would, with keys made to be refused. */
export class ProbeQuestions {
  readonly #waiting = new Map<number, Waiting>();
  #question = 0;

  /** @returns null: it didn't say, so nothing is known */
  ask(gateway: string, calls: readonly ProbeCall[], send: (question: number) => void): Promise<Met | null> {
    const question = ++this.#question;
    return new Promise((resolve) => {
      const timer = setTimeout(() => done(null), answersWithinMs);
      const done = (met: Met | null): void => {
        clearTimeout(timer);
        this.#waiting.delete(question);
        resolve(met);
      };
      this.#waiting.set(question, { gateway, calls: calls.length, done });
      send(question);
    });
  }

  /** Only who was asked answers, once, and each of the calls: what is left out is not known. */
  answer(gateway: string, question: number, met: Met): void {
    const waiting = this.#waiting.get(question);
    if (waiting === undefined || waiting.gateway !== gateway) return;
    waiting.done(Array.from({ length: waiting.calls }, (_none, place) => met[place] ?? null));
  }

  /** Its stream ended: what it was asked it answers no more. */
  left(gateway: string): void {
    for (const waiting of this.#waiting.values()) if (waiting.gateway === gateway) waiting.done(null);
  }
}
