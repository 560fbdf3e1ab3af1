import { matchesPattern } from "../cedar/like-pattern.ts";
import { anotherLike, classesOf } from "./patterns.ts";
import type { Scene } from "./scene.ts";
import { numberOf, type Term } from "./terms.ts";

/** A solver that reads SMT-LIB 2. It keeps what it was told until it is reset. */
export interface Solver {
  run(script: string): Promise<string>;
  reset(): Promise<void>;
}

export type Answer =
  | { readonly kind: "impossible" }
  | { readonly kind: "possible"; readonly model: Model }
  | { readonly kind: "unknown"; readonly why: string };

/** What the solver chose. */
export interface Model {
  truth(path: string): boolean;
  number(path: string): bigint;
  /** Numbers in a set; of a set of texts their codes. */
  members(path: string): readonly bigint[];
  /** The text a code stands for; one that nobody spelled out gets a name from the hint. */
  text(code: bigint, hint: string): string;
}

const batch = 400;

/** Asks about one scene. */
export class Session {
  readonly #scene: Scene;
  readonly #solver: Solver;
  readonly #timeoutMs: number;
  #begun = false;

  constructor(scene: Scene, solver: Solver, timeoutMs: number) {
    this.#scene = scene;
    this.#solver = solver;
    this.#timeoutMs = timeoutMs;
  }

  /**
   * Is there a call of which the question is true?
   * @param preferred of several, one of which these are true too, as many of them as go together, first ones first
   */
  async ask(question: Term, preferred: readonly Term[] = []): Promise<Answer> {
    if (question === "false") return { kind: "impossible" };
    if (!this.#begun) {
      await this.#solver.reset();
      await this.#run(`(set-option :timeout ${this.#timeoutMs})`);
      this.#begun = true;
    }
    const facts = this.#scene.facts();
    await this.#run(this.#scene.terms.flush());
    let depth = 1;
    try {
      const found = await this.#run(["(push 1)", ...facts.map((fact) => `(assert ${fact})`), `(assert ${question})`, "(check-sat)"].join("\n"));
      if (found === "unsat") return { kind: "impossible" };
      if (found !== "sat") return { kind: "unknown", why: "the solver found no answer in its time" };
      for (const wish of preferred) {
        if (wish === "true" || wish === "false") continue;
        depth += 1;
        if ((await this.#run(`(push 1)\n(assert ${wish})\n(check-sat)`)) === "sat") continue;
        await this.#run("(pop 1)");
        depth -= 1;
      }
      // the last answer may have been no: the model is that of the next
      if ((await this.#run("(check-sat)")) !== "sat") return { kind: "unknown", why: "the solver found no answer in its time" };
      return { kind: "possible", model: await this.#model() };
    } finally {
      await this.#run("(pop 1)\n".repeat(depth));
    }
  }

  async #run(script: string): Promise<string> {
    if (script === "") return "";
    const answer = (await this.#solver.run(script)).trim();
    if (answer.includes("(error")) throw new Error(`the solver could not read a question: ${answer.slice(0, 200)}`);
    return answer;
  }

  async #values(terms: readonly Term[]): Promise<readonly string[]> {
    const values: string[] = [];
    for (let from = 0; from < terms.length; from += batch) {
      const part = terms.slice(from, from + batch);
      const answer = pairsIn(await this.#run(`(get-value (${part.join(" ")}))`));
      if (answer.length !== part.length) throw new Error("the solver did not say what it chose");
      values.push(...answer);
    }
    return values;
  }

  async #model(): Promise<Model> {
    const { slots, terms } = this.#scene;
    const entries = [...slots.all];
    const values = await this.#values(entries.map(([, { term }]) => term));
    const truths = new Map<string, boolean>();
    const numbers = new Map<string, bigint>();
    for (const [index, [path, { sort }]] of entries.entries()) {
      const value = values[index]!;
      if (sort === "Bool") truths.set(path, value === "true");
      else numbers.set(path, numberIn(value));
    }
    // sets hold something only at items that are looked at
    const codes = [...new Set((await this.#values(terms.items)).map(numberIn))];
    const sets = [...slots.sets];
    const held = await this.#values(sets.flatMap(([, { predicate }]) => codes.map((code) => applied(predicate, code))));
    const members = new Map(sets.map(([path], at) => [path, codes.filter((_, index) => held[at * codes.length + index] === "true")] as const));
    const seen = [...new Set([...codes, ...numbers.values()])];
    return {
      truth: (path) => truths.get(path) ?? false,
      number: (path) => numbers.get(path) ?? 0n,
      members: (path) => members.get(path) ?? [],
      text: await this.#namer(seen),
    };
  }

  /** Texts for codes that stand for none spelled out: matching the patterns that the solver says they match. */
  async #namer(codes: readonly bigint[]): Promise<Model["text"]> {
    const { texts } = this.#scene;
    const patterns = texts.patterns;
    const examples = patterns.length === 0 ? null : classesOf(patterns.map((one) => one.pattern));
    const others = patterns.length === 0 ? [] : codes.filter((code) => texts.textOf(code) === undefined);
    const vectors = new Map<bigint, string>();
    const matched = await this.#values(others.flatMap((code) => patterns.map(({ predicate }) => applied(predicate, code))));
    for (const [index, code] of others.entries()) vectors.set(code, patterns.map((_, at) => (matched[index * patterns.length + at] === "true" ? "1" : "0")).join(""));
    const named = new Map<bigint, string>();
    const taken = new Set<string>();
    const isTaken = (text: string): boolean => texts.has(text) || taken.has(text);
    return (code, hint) => {
      const spelled = texts.textOf(code);
      if (spelled !== undefined) return spelled;
      let name = named.get(code);
      if (name !== undefined) return name;
      const vector = vectors.get(code);
      const matchesAs = (text: string): boolean => vector === undefined || patterns.map(({ pattern }) => (matchesPattern(text, pattern) ? "1" : "0")).join("") === vector;
      for (let index = 1; index < 50 && name === undefined; index += 1) {
        const candidate = index === 1 ? hint : `${hint}-${index}`;
        if (!isTaken(candidate) && matchesAs(candidate)) name = candidate;
      }
      const example = vector === undefined ? undefined : examples?.get(vector);
      name ??= (example === undefined ? null : anotherLike(example, patterns.map((one) => one.pattern), isTaken)) ?? `${hint}-${code}`;
      named.set(code, name);
      taken.add(name);
      return name;
    };
  }
}

/** The values of `((term value) …)`, in order. */
function pairsIn(text: string): readonly string[] {
  const values: string[] = [];
  let depth = 0;
  let start = -1;
  for (let at = 0; at < text.length; at += 1) {
    const character = text[at];
    if (character === "(") {
      depth += 1;
      if (depth === 2) start = at;
    } else if (character === ")") {
      if (depth === 2) values.push(valueOf(text.slice(start + 1, at)));
      depth -= 1;
    }
  }
  return values;
}

/** `v1 3`, `(select v1 0) true`: what follows the first expression. */
function valueOf(pair: string): string {
  let depth = 0;
  for (let at = 0; at < pair.length; at += 1) {
    const character = pair[at];
    if (character === "(") depth += 1;
    if (character === ")") depth -= 1;
    const next = pair[at + 1];
    if (depth === 0 && next !== undefined && /\s/.test(next)) return pair.slice(at + 1).trim();
  }
  return "";
}

const applied = (predicate: Term, code: bigint): Term => `(${predicate} ${code < 0n ? `(- ${-code})` : code})`;

function numberIn(value: string): bigint {
  const number = numberOf(value.replaceAll(/\s+/g, " "));
  if (number === null) throw new Error("the solver chose something that is no number");
  return number;
}
