/** An SMT-LIB atom: a literal or the name of something declared or defined. */
export type Term = string;
export type Sort = "Bool" | "Int" | "(Array Int Bool)";

/** What can't be put to the solver, with the reason in words; the answer is then "can't tell". */
export class CannotTell extends Error {
  override readonly name = "CannotTell";
}

/** A hostile policy must not fill the memory with formulas before the solver is even asked. */
const maxTerms = 60_000;

export const emptySet: Term = "((as const (Array Int Bool)) false)";

/**
 * Builds formulas. Each compound one is defined once under a name of its own, so that what is shared stays shared however
 * often it is used; constants are folded.
 */
export class Terms {
  readonly #names = new Map<string, Term>();
  readonly #negated = new Map<Term, Term>();
  #lines: string[] = [];
  #count = 0;

  /** What was declared and defined since the last call, as SMT-LIB. */
  flush(): string {
    const text = this.#lines.join("\n");
    this.#lines = [];
    return text;
  }

  declare(sort: Sort): Term {
    const name = this.#name("v");
    this.#lines.push(`(declare-const ${name} ${sort})`);
    return name;
  }

  declarePredicate(): Term {
    const name = this.#name("f");
    this.#lines.push(`(declare-fun ${name} (Int) Bool)`);
    return name;
  }

  /** Holds in every question asked after it. */
  assert(fact: Term): void {
    if (fact !== "true") this.#lines.push(`(assert ${fact})`);
  }

  define(sort: Sort, text: string): Term {
    const known = this.#names.get(text);
    if (known !== undefined) return known;
    const name = this.#name("t");
    this.#names.set(text, name);
    this.#lines.push(`(define-fun ${name} () ${sort} ${text})`);
    return name;
  }

  #name(prefix: string): Term {
    this.#count += 1;
    if (this.#count > maxTerms) throw new CannotTell("the policies are too large to be put to the solver");
    return `${prefix}${this.#count}`;
  }

  not(fact: Term): Term {
    if (fact === "true") return "false";
    if (fact === "false") return "true";
    const known = this.#negated.get(fact);
    if (known !== undefined) return known;
    const negation = this.define("Bool", `(not ${fact})`);
    this.#negated.set(fact, negation);
    this.#negated.set(negation, fact);
    return negation;
  }

  and(...facts: readonly Term[]): Term {
    return this.#joined("and", facts, "true", "false");
  }

  or(...facts: readonly Term[]): Term {
    return this.#joined("or", facts, "false", "true");
  }

  #joined(operator: "and" | "or", facts: readonly Term[], neutral: Term, decisive: Term): Term {
    const parts = new Set(facts);
    parts.delete(neutral);
    if (parts.has(decisive)) return decisive;
    for (const part of parts) if (parts.has(this.#negated.get(part) ?? "")) return decisive;
    if (parts.size === 0) return neutral;
    if (parts.size === 1) return [...parts][0]!;
    return this.define("Bool", `(${operator} ${[...parts].join(" ")})`);
  }

  implies(one: Term, other: Term): Term {
    return this.or(this.not(one), other);
  }

  same(one: Term, other: Term): Term {
    if (one === other) return "true";
    return this.or(this.and(one, other), this.and(this.not(one), this.not(other)));
  }

  choose(sort: Sort, condition: Term, then: Term, otherwise: Term): Term {
    if (condition === "true" || then === otherwise) return then;
    if (condition === "false") return otherwise;
    if (sort === "Bool") return this.or(this.and(condition, then), this.and(this.not(condition), otherwise));
    return this.define(sort, `(ite ${condition} ${then} ${otherwise})`);
  }

  // ---------- whole numbers ----------

  int(value: number | bigint): Term {
    return value < 0 ? `(- ${-BigInt(value)})` : `${value}`;
  }

  equal(one: Term, other: Term): Term {
    if (one === other) return "true";
    if (numberOf(one) !== null && numberOf(other) !== null) return "false";
    return this.define("Bool", one < other ? `(= ${one} ${other})` : `(= ${other} ${one})`);
  }

  less(one: Term, other: Term): Term {
    const [a, b] = [numberOf(one), numberOf(other)];
    if (a !== null && b !== null) return a < b ? "true" : "false";
    return one === other ? "false" : this.define("Bool", `(< ${one} ${other})`);
  }

  atMost(one: Term, other: Term): Term {
    return this.not(this.less(other, one));
  }

  within(value: Term, low: number | bigint, high: number | bigint): Term {
    return this.and(this.atMost(this.int(low), value), this.atMost(value, this.int(high)));
  }

  arithmetic(operator: "+" | "-" | "*", one: Term, other: Term): Term {
    const [a, b] = [numberOf(one), numberOf(other)];
    if (a !== null && b !== null) return this.int(operator === "+" ? a + b : operator === "-" ? a - b : a * b);
    return this.define("Int", `(${operator} ${one} ${other})`);
  }

  /** Of a positive divisor: `mod` is never negative, `div` rounds down. */
  divide(operator: "div" | "mod", one: Term, divisor: bigint): Term {
    const a = numberOf(one);
    if (a === null) return this.define("Int", `(${operator} ${one} ${divisor})`);
    const remainder = ((a % divisor) + divisor) % divisor;
    return this.int(operator === "mod" ? remainder : (a - remainder) / divisor);
  }

  // ---------- sets of whole numbers, by which texts go too ----------

  member(set: Term, item: Term): Term {
    return set === emptySet ? "false" : this.define("Bool", `(select ${set} ${item})`);
  }

  with(set: Term, item: Term, isMember: Term): Term {
    return this.define("(Array Int Bool)", `(store ${set} ${item} ${isMember})`);
  }

  isEmpty(set: Term): Term {
    return set === emptySet ? "true" : this.define("Bool", `(= ${set} ${emptySet})`);
  }

  sameSet(one: Term, other: Term): Term {
    return one === other ? "true" : this.define("Bool", one < other ? `(= ${one} ${other})` : `(= ${other} ${one})`);
  }

  subset(small: Term, large: Term): Term {
    if (small === large || small === emptySet) return "true";
    return this.define("Bool", `(= ((_ map and) ${small} ${large}) ${small})`);
  }

  meet(one: Term, other: Term): Term {
    return this.define("Bool", `(not (= ((_ map and) ${one} ${other}) ${emptySet}))`);
  }
}

/** The number an atom is, or null when it is the name of something. */
export function numberOf(term: Term): bigint | null {
  const match = /^(?:(\d+)|\(- (\d+)\))$/.exec(term);
  return match === null ? null : match[1] === undefined ? -BigInt(match[2]!) : BigInt(match[1]);
}
