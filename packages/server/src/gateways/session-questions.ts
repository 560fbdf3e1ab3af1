import { joinLabels } from "@mandate/gateway";
import type { SessionTaken } from "@mandate/gateway";
import type { SessionLabels } from "@mandate/model";

/** A gateway that can be asked what a session has seen there. */
export interface SessionHolder {
  readonly id: string;
  /** False: a release that doesn't know the question. */
  readonly answers: boolean;
  ask(question: number, session: string): void;
}

interface Waiting {
  readonly missing: Set<string>;
  readonly labels: SessionLabels[];
  silent: boolean;
  readonly done: () => void;
}

/** A caller waits for the answer; a healthy gateway gives it in milliseconds. */
const answersWithinMs = 2_000;
/** Who was cut off as lately as this may still decide calls, inside the longest staleness bound of any tier. */
const remembersForMs = 300_000;
const maxGone = 1_000;

/**
 * What has a session seen? Asked of every gateway but the one that wants to know, when a session moves. INVARIANT: whoever
 * answers asks in turn before it decides on that session again, so one question at a time is asked for each session.
 */
export class SessionQuestions {
  readonly #holders: () => readonly SessionHolder[];
  readonly #now: () => number;
  readonly #waiting = new Map<number, Waiting>();
  readonly #queues = new Map<string, Promise<SessionTaken>>();
  readonly #gone = new Map<string, number>();
  #question = 0;
  #local: ((id: string) => SessionLabels | null) | undefined;

  constructor(options: { holders: () => readonly SessionHolder[]; now: () => number }) {
    this.#holders = options.holders;
    this.#now = options.now;
  }

  /** The gateway of this process. */
  answerHere(give: (id: string) => SessionLabels | null): void {
    this.#local = give;
  }

  /** @param asker the gateway that asks; null: this process's own */
  take(asker: string | null, session: string): Promise<SessionTaken> {
    const before = this.#queues.get(session);
    const taken = before === undefined ? this.#ask(asker, session) : before.then(() => this.#ask(asker, session));
    this.#queues.set(session, taken);
    void taken.finally(() => {
      if (this.#queues.get(session) === taken) this.#queues.delete(session);
    });
    return taken;
  }

  async #ask(asker: string | null, session: string): Promise<SessionTaken> {
    const others = this.#holders().filter((one) => one.id !== asker);
    const labels: SessionLabels[] = [];
    const here = asker === null ? null : (this.#local?.(session) ?? null);
    if (here !== null) labels.push(here);
    const asked = others.filter((one) => one.answers);
    const heard = asked.length === 0 || (await this.#answered(asked, session, labels));
    const complete = heard && asked.length === others.length && !this.#mayKnowElsewhere(asker, others);
    return { labels: labels.length === 0 ? null : labels.reduce(joinLabels), complete };
  }

  async #answered(asked: readonly SessionHolder[], session: string, labels: SessionLabels[]): Promise<boolean> {
    const question = ++this.#question;
    const inTime = await new Promise<boolean>((resolve) => {
      const timer = setTimeout(() => resolve(false), answersWithinMs);
      const waiting: Waiting = { missing: new Set(asked.map((one) => one.id)), labels, silent: false, done: () => (clearTimeout(timer), resolve(!waiting.silent)) };
      this.#waiting.set(question, waiting);
      for (const one of asked) one.ask(question, session);
    });
    this.#waiting.delete(question);
    return inTime;
  }

  answer(gateway: string, question: number, labels: SessionLabels | null): void {
    const waiting = this.#waiting.get(question);
    if (waiting === undefined || !waiting.missing.delete(gateway)) return;
    if (labels !== null) waiting.labels.push(labels);
    if (waiting.missing.size === 0) waiting.done();
  }

  /** Its stream ended: it answers nothing any more, and may go on for a while. */
  left(gateway: string): void {
    this.#gone.delete(gateway);
    this.#gone.set(gateway, this.#now());
    for (const id of this.#gone.keys()) if (this.#gone.size > maxGone) this.#gone.delete(id);
    for (const waiting of this.#waiting.values()) {
      if (!waiting.missing.delete(gateway)) continue;
      waiting.silent = true;
      if (waiting.missing.size === 0) waiting.done();
    }
  }

  #mayKnowElsewhere(asker: string | null, connected: readonly SessionHolder[]): boolean {
    for (const [id, at] of this.#gone) {
      if (at <= this.#now() - remembersForMs || id === asker || connected.some((one) => one.id === id)) this.#gone.delete(id);
    }
    return this.#gone.size > 0;
  }
}
