/** An SMT-LIB atom: a literal or the name of something declared or defined. */
export type Term = string;
export type Sort = "Bool" | "Int";

/** What can't be put to the solver, with the reason in words; the answer is then "can't tell". */
export class CannotTell extends Error {
  override readonly name = "CannotTell";
}

/** A hostile policy must not fill the memory with formulas before the solver is even asked. */
const maxTerms = 60_000;

/** A set of whole numbers, by which texts go too: a predicate that the solver chooses, with members put in or taken out. */
export type SetTerm =
  | { readonly kind: "empty" }
  | ChosenSet
  | { readonly kind: "changed"; readonly set: SetTerm; readonly item: Term; readonly isMember: Term };

export interface ChosenSet {
  readonly kind: "chosen";
  readonly predicate: Term;
}

export const emptySet: SetTerm = { kind: "empty" };

/** Two sets compared: `isSo` unless `witness` shows otherwise. */
interface Comparison {
  readonly isSo: Term;
  readonly at: (item: Term) => Term;
}

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

  chosenSet(): ChosenSet {
    return { kind: "chosen", predicate: this.declarePredicate() };
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

  // ---------- sets ----------

  readonly #comparisons: Comparison[] = [];
  readonly #compared = new Map<SetTerm, Map<SetTerm, Map<string, Term>>>();
  readonly #items = new Set<Term>();

  member(set: SetTerm, item: Term): Term {
    this.#items.add(item);
    return this.#member(set, item);
  }

  #member(set: SetTerm, item: Term): Term {
    if (set.kind === "empty") return "false";
    if (set.kind === "chosen") return this.define("Bool", `(${set.predicate} ${item})`);
    return this.choose("Bool", this.equal(item, set.item), set.isMember, this.#member(set.set, item));
  }

  with(set: SetTerm, item: Term, isMember: Term): SetTerm {
    this.#items.add(item);
    return { kind: "changed", set, item, isMember };
  }

  isEmpty(set: SetTerm): Term {
    return this.subset(set, emptySet);
  }

  sameSet(one: SetTerm, other: SetTerm): Term {
    return this.and(this.subset(one, other), this.subset(other, one));
  }

  subset(small: SetTerm, large: SetTerm): Term {
    if (small === large || small.kind === "empty") return "true";
    return this.#compare("subset", small, large, (item) => this.implies(this.#member(small, item), this.#member(large, item)));
  }

  meet(one: SetTerm, other: SetTerm): Term {
    if (one.kind === "empty" || other.kind === "empty") return "false";
    return this.not(this.#compare("apart", one, other, (item) => this.not(this.and(this.#member(one, item), this.#member(other, item)))));
  }

  #compare(relation: string, one: SetTerm, other: SetTerm, at: (item: Term) => Term): Term {
    const others = this.#compared.get(one) ?? new Map<SetTerm, Map<string, Term>>();
    const relations = others.get(other) ?? new Map<string, Term>();
    this.#compared.set(one, others.set(other, relations));
    const known = relations.get(relation);
    if (known !== undefined) return known;
    const isSo = this.declare("Bool");
    const witness = this.declare("Int");
    this.#items.add(witness);
    this.assert(this.or(isSo, this.not(at(witness))));
    this.#comparisons.push({ isSo, at });
    relations.set(relation, isSo);
    return isSo;
  }

  /** Every number at which a set is looked at: what sets hold elsewhere decides nothing, so there they hold nothing. */
  get items(): readonly Term[] {
    return [...this.#items];
  }

  /**
   * What compared sets have in common at every item looked at, for a question asked now. This is all there is to say: a
   * comparison that is so holds at each item, and one that is not has a witness (the array property fragment of Bradley,
   * Manna and Sipma, without arrays).
   */
  setFacts(): readonly Term[] {
    return this.#comparisons.map(({ isSo, at }) => this.or(this.not(isSo), this.and(...this.items.map(at))));
  }
}

/** The number an atom is, or null when it is the name of something. */
export function numberOf(term: Term): bigint | null {
  const match = /^(?:(\d+)|\(- (\d+)\))$/.exec(term);
  return match === null ? null : match[1] === undefined ? -BigInt(match[2]!) : BigInt(match[1]);
}
