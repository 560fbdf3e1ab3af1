import { type Term, type Terms } from "./terms.ts";
import { matchesPattern, type Pattern } from "../cedar/like-pattern.ts";
import { classesOf } from "./patterns.ts";

/**
 * Texts as whole numbers: each text that the policies spell out has a number from 0 on, and every other number stands for
 * some other text. Cedar only compares texts, collects them, and matches patterns, so no more of them can matter.
 */
export class Texts {
  readonly #terms: Terms;
  readonly #codes = new Map<string, number>();
  readonly #texts: string[] = [];
  readonly #patterns = new Map<string, { readonly pattern: Pattern; readonly predicate: Term; readonly on: Set<Term> }>();

  constructor(terms: Terms) {
    this.#terms = terms;
  }

  get spelled(): readonly string[] {
    return this.#texts;
  }

  code(text: string): Term {
    let code = this.#codes.get(text);
    if (code === undefined) {
      code = this.#texts.length;
      this.#codes.set(text, code);
      this.#texts.push(text);
    }
    return `${code}`;
  }

  has(text: string): boolean {
    return this.#codes.has(text);
  }

  textOf(code: bigint): string | undefined {
    return code < 0n ? undefined : this.#texts[Number(code)];
  }

  /** None of the texts that the policies spell out. */
  isOther(term: Term): Term {
    return this.#terms.not(this.#terms.within(term, 0, this.#texts.length - 1));
  }

  like(term: Term, pattern: Pattern): Term {
    const known = this.textOf(/^\d+$/.test(term) ? BigInt(term) : -1n);
    if (known !== undefined) return matchesPattern(known, pattern) ? "true" : "false";
    const key = JSON.stringify(pattern);
    let entry = this.#patterns.get(key);
    if (entry === undefined) {
      entry = { pattern, predicate: this.#terms.declarePredicate(), on: new Set() };
      this.#patterns.set(key, entry);
    }
    entry.on.add(term);
    return this.#terms.define("Bool", `(${entry.predicate} ${term})`);
  }

  get patterns(): readonly { readonly pattern: Pattern; readonly predicate: Term; readonly on: ReadonlySet<Term> }[] {
    return [...this.#patterns.values()];
  }

  /** Facts about patterns, given all texts spelled out so far: said anew for each question, since more may be by then. */
  facts(): readonly Term[] {
    const patterns = this.patterns;
    if (patterns.length === 0) return [];
    const terms = this.#terms;
    const facts = patterns.flatMap(({ pattern, predicate }) =>
      this.#texts.map((text, code) => {
        const applied = terms.define("Bool", `(${predicate} ${code})`);
        return matchesPattern(text, pattern) ? applied : terms.not(applied);
      }),
    );
    const classes = classesOf(patterns.map((one) => one.pattern));
    // more patterns than can be told apart: any mixture is thought possible, which proves less and never too much
    if (classes === null) return facts;
    const on = new Set(patterns.flatMap((one) => [...one.on]));
    for (const term of on) {
      const possible = [...classes.keys()].map((vector) =>
        terms.and(
          ...patterns.map(({ predicate }, index) => {
            const applied = terms.define("Bool", `(${predicate} ${term})`);
            return vector[index] === "1" ? applied : terms.not(applied);
          }),
        ),
      );
      facts.push(terms.implies(this.isOther(term), terms.or(...possible)));
    }
    return facts;
  }
}
