import { extensionFunctions } from "../cedar/extensions.ts";
import type { IpAddress, Value } from "../cedar/values.ts";
import type { SetTerm, Term, Terms } from "./terms.ts";

/** Kinds that are one whole number in the solver: texts by their code, decimals and times by their units. */
export type ScalarKind = "long" | "string" | "decimal" | "datetime" | "duration";

/** A value that the solver may choose: its kind is known here, its content is a formula. */
export type Plain =
  | { readonly kind: "bool"; readonly term: Term }
  | { readonly kind: ScalarKind; readonly term: Term }
  /** Null: some address, nobody knows which. */
  | { readonly kind: "ip"; readonly value: IpAddress | null }
  | { readonly kind: "entity"; readonly entity: SymbolicEntity }
  | { readonly kind: "set"; readonly set: SymbolicSet }
  | { readonly kind: "record"; readonly fields: Fields };

/** What a value may be, each under its condition. The conditions exclude each other and cover every case without error. */
export type Symbolic = readonly { readonly guard: Term; readonly value: Plain }[];

export interface Field {
  readonly present: Term;
  readonly value: Symbolic;
}

export interface Fields {
  get(name: string): Field | undefined;
  /** All names that can be present; null when any can. */
  readonly names: readonly string[] | null;
}

export interface SymbolicEntity {
  readonly type: string;
  readonly id: Term;
  /** Null: not in the store, so that reading an attribute errs. */
  readonly attributes: Fields | null;
  /** All ancestors it can have besides itself. */
  readonly ancestors: readonly { readonly type: string; readonly id: Term; readonly present: Term }[];
}

export type SymbolicSet =
  | { readonly members: readonly { readonly guard: Term; readonly value: Symbolic }[] }
  | { readonly array: SetTerm; readonly of: ScalarKind }
  /** Holds members of kinds that arrays of one kind can't hold; none is an entity. */
  | { readonly mixed: true };

export const only = (value: Plain): Symbolic => [{ guard: "true", value }];

export function fieldsOf(entries: Readonly<Record<string, Field>>): Fields {
  const map = new Map(Object.entries(entries));
  return { get: (name) => map.get(name), names: [...map.keys()] };
}

/** Cedar's operations on symbolic values. What can't be followed is left open (`unknown`), which proves less, never too much. */
export class Algebra {
  readonly terms: Terms;
  /** Why some parts were left open, in words. */
  readonly opened = new Set<string>();

  constructor(terms: Terms) {
    this.terms = terms;
  }

  unknown(why: string): Term {
    this.opened.add(why);
    return this.terms.declare("Bool");
  }

  // ---------- equality ----------

  equal(left: Symbolic, right: Symbolic): Term {
    const { terms } = this;
    return terms.or(...left.flatMap((one) => right.map((other) => terms.and(one.guard, other.guard, this.equalPlain(one.value, other.value)))));
  }

  equalPlain(left: Plain, right: Plain): Term {
    const { terms } = this;
    switch (left.kind) {
      case "bool":
        return right.kind === "bool" ? terms.same(left.term, right.term) : "false";
      case "ip":
        if (right.kind !== "ip") return "false";
        if (left.value === null || right.value === null) return this.unknown("compares IP addresses of the call");
        return left.value.v6 === right.value.v6 && left.value.address === right.value.address && left.value.prefix === right.value.prefix ? "true" : "false";
      case "entity":
        return right.kind === "entity" && left.entity.type === right.entity.type ? terms.equal(left.entity.id, right.entity.id) : "false";
      case "set":
        return right.kind === "set" ? this.equalSets(left.set, right.set) : "false";
      case "record":
        return right.kind === "record" ? this.#equalRecords(left.fields, right.fields) : "false";
      default:
        return right.kind === left.kind ? terms.equal(left.term, right.term) : "false";
    }
  }

  #equalRecords(left: Fields, right: Fields): Term {
    const { terms } = this;
    if (left === right) return "true";
    if (left.names === null || right.names === null) return this.unknown("compares whole records of undeclared shape");
    const names = new Set([...left.names, ...right.names]);
    return terms.and(
      ...[...names].map((name) => {
        const [one, other] = [left.get(name), right.get(name)];
        if (one === undefined || other === undefined) return terms.not((one ?? other)!.present);
        return terms.and(terms.same(one.present, other.present), terms.implies(one.present, this.equal(one.value, other.value)));
      }),
    );
  }

  // ---------- sets ----------

  contains(set: SymbolicSet, item: Symbolic): Term {
    const { terms } = this;
    if ("mixed" in set) return this.unknown("asks what a list of mixed items holds");
    if ("members" in set) return terms.or(...set.members.map((member) => terms.and(member.guard, this.equal(member.value, item))));
    return terms.or(...item.flatMap(({ guard, value }) => (value.kind === set.of ? [terms.and(guard, terms.member(set.array, value.term))] : [])));
  }

  containsAll(large: SymbolicSet, small: SymbolicSet): Term {
    const { terms } = this;
    if ("mixed" in large || "mixed" in small) return this.unknown("compares lists of mixed items");
    if ("members" in small) return terms.and(...small.members.map((member) => terms.implies(member.guard, this.contains(large, member.value))));
    if ("array" in large) return large.of === small.of ? terms.subset(small.array, large.array) : terms.isEmpty(small.array);
    // nothing is left of it when the listed members are taken away
    let rest = small.array;
    for (const member of large.members) {
      for (const { guard, value } of member.value) {
        if (value.kind !== small.of) continue;
        const gone = terms.and(member.guard, guard);
        rest = terms.with(rest, value.term, gone === "true" ? "false" : terms.and(terms.member(rest, value.term), terms.not(gone)));
      }
    }
    return terms.isEmpty(rest);
  }

  containsAny(left: SymbolicSet, right: SymbolicSet): Term {
    const { terms } = this;
    if ("mixed" in left || "mixed" in right) return this.unknown("compares lists of mixed items");
    if ("members" in right) return terms.or(...right.members.map((member) => terms.and(member.guard, this.contains(left, member.value))));
    if ("members" in left) return this.containsAny(right, left);
    return left.of === right.of ? terms.meet(left.array, right.array) : "false";
  }

  equalSets(left: SymbolicSet, right: SymbolicSet): Term {
    if (left === right) return "true";
    if ("array" in left && "array" in right && left.of === right.of) return this.terms.sameSet(left.array, right.array);
    return this.terms.and(this.containsAll(left, right), this.containsAll(right, left));
  }

  isEmpty(set: SymbolicSet): Term {
    if ("mixed" in set) return this.unknown("asks whether a list of mixed items is empty");
    if ("members" in set) return this.terms.not(this.terms.or(...set.members.map((member) => member.guard)));
    return this.terms.isEmpty(set.array);
  }

  // ---------- entities ----------

  isIn(entity: SymbolicEntity, container: SymbolicEntity): Term {
    const { terms } = this;
    const itself = entity.type === container.type ? terms.equal(entity.id, container.id) : "false";
    return terms.or(itself, ...entity.ancestors.flatMap(({ type, id, present }) => (type === container.type ? [terms.and(present, terms.equal(id, container.id))] : [])));
  }

  // ---------- 64-bit arithmetic ----------

  overflows(value: Term): Term {
    return this.terms.not(this.terms.within(value, -(2n ** 63n), 2n ** 63n - 1n));
  }

  /** Under the guards given, one choice of each scalar kind: nested conditions would otherwise double at every level. */
  merged(choices: Symbolic): Symbolic {
    const { terms } = this;
    const rest: { guard: Term; value: Plain }[] = [];
    const byKind = new Map<string, { guard: Term; value: Plain & { readonly term: Term } }>();
    for (const { guard, value } of choices) {
      if (guard === "false") continue;
      if (!("term" in value)) {
        rest.push({ guard, value });
        continue;
      }
      const known = byKind.get(value.kind);
      if (known === undefined) byKind.set(value.kind, { guard, value });
      else byKind.set(value.kind, { guard: terms.or(known.guard, guard), value: { ...value, term: terms.choose(value.kind === "bool" ? "Bool" : "Int", guard, value.term, known.value.term) } });
    }
    return [...byKind.values(), ...rest];
  }
}

/** A function of constants is worked out by the engine itself. @throws EvaluationError as it does */
export function applied(name: string, args: readonly Value[]): Value {
  return extensionFunctions.get(name)!.call(args);
}
