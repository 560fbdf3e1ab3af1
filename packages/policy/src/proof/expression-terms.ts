import { Datetime, Decimal, Duration, EvaluationError, IpAddress, type Value } from "../cedar/values.ts";
import { isObject, listOf } from "./json.ts";
import { Algebra, applied, fieldsOf, only, type Plain, type ScalarKind, type Symbolic, type SymbolicEntity } from "./symbolic.ts";
import { CannotTell, numberOf, type Term } from "./terms.ts";
import type { Texts } from "./texts.ts";

/** A value and when working it out errs. Where it errs the value means nothing. */
export interface Result {
  readonly value: Symbolic;
  readonly errs: Term;
}

export interface Truth {
  readonly holds: Term;
  readonly errs: Term;
}

export interface SymbolicEnvironment {
  readonly principal: SymbolicEntity;
  readonly action: SymbolicEntity;
  readonly resource: SymbolicEntity;
  readonly context: Plain;
  /** The entity that a policy names. */
  readonly entity: (type: string, id: string) => SymbolicEntity;
}

const dayMs = 86_400_000n;
const unitsMs: Readonly<Record<string, bigint>> = { toMilliseconds: 1n, toSeconds: 1000n, toMinutes: 60_000n, toHours: 3_600_000n, toDays: dayMs };

/** Cedar's JSON expressions to formulas, error for error as `cedar/expression.ts` evaluates them. */
export class Expressions {
  readonly #algebra: Algebra;
  readonly #texts: Texts;
  readonly #environment: SymbolicEnvironment;

  constructor(algebra: Algebra, texts: Texts, environment: SymbolicEnvironment) {
    this.#algebra = algebra;
    this.#texts = texts;
    this.#environment = environment;
  }

  truth(expression: unknown): Truth {
    return this.#boolean(this.result(expression));
  }

  result(expression: unknown): Result {
    if (!isObject(expression)) throw new CannotTell("a policy has an expression that can't be read");
    const [operator, body] = Object.entries(expression)[0] ?? ["", undefined];
    const { terms } = this.#algebra;
    switch (operator) {
      case "Value":
        return fine(this.#literal(body));
      case "Var":
        return fine(this.#variable(String(body)));
      case "!": {
        const { holds, errs } = this.truth(part(body, "arg"));
        return { value: only({ kind: "bool", term: terms.not(holds) }), errs };
      }
      case "neg": {
        const { term, errs } = this.#scalar(this.result(part(body, "arg")), "long");
        const negated = terms.arithmetic("-", "0", term);
        return { value: only({ kind: "long", term: negated }), errs: terms.or(errs, this.#algebra.overflows(negated)) };
      }
      case "isEmpty": {
        const found = this.#sets(this.result(part(body, "arg")));
        return truthResult({ holds: terms.or(...found.sets.map(({ guard, set }) => terms.and(guard, this.#algebra.isEmpty(set)))), errs: found.errs });
      }
      case "&&":
      case "||": {
        const left = this.truth(part(body, "left"));
        const goesOn = operator === "&&" ? left.holds : terms.not(left.holds);
        if (goesOn === "false" && left.errs === "false") return truthResult(left);
        const right = this.truth(part(body, "right"));
        const holds = operator === "&&" ? terms.and(left.holds, right.holds) : terms.or(left.holds, right.holds);
        return truthResult({ holds, errs: terms.or(left.errs, terms.and(goesOn, right.errs)) });
      }
      case ".":
        return this.#attribute(this.result(part(body, "left")), String(field(body, "attr")));
      case "has": {
        const object = this.result(part(body, "left"));
        const attr = field(body, "attr");
        const has = this.#has(object.value, typeof attr === "string" ? [attr] : listOf(attr).map(String));
        return truthResult({ holds: has.holds, errs: terms.or(object.errs, has.errs) });
      }
      case "like":
        return this.#like(this.result(part(body, "left")), listOf(field(body, "pattern")));
      case "is":
        return this.#is(body);
      case "if-then-else":
        return this.#conditional(body);
      case "in":
        return this.#in(this.result(part(body, "left")), this.result(part(body, "right")));
      case "Set": {
        const members = listOf(body).map((member) => this.result(member));
        return { value: only({ kind: "set", set: { members: members.map(({ value }) => ({ guard: "true", value })) } }), errs: terms.or(...members.map(({ errs }) => errs)) };
      }
      case "Record": {
        const entries = Object.entries(isObject(body) ? body : {}).map(([name, one]) => [name, this.result(one)] as const);
        const fields = fieldsOf(Object.fromEntries(entries.map(([name, { value }]) => [name, { present: "true", value }])));
        return { value: only({ kind: "record", fields }), errs: terms.or(...entries.map(([, { errs }]) => errs)) };
      }
      default:
        return isObject(body) ? this.#binary(operator, this.result(body.left), this.result(body.right)) : this.#extension(operator, listOf(body).map((argument) => this.result(argument)));
    }
  }

  #literal(literal: unknown): Plain {
    if (typeof literal === "boolean") return { kind: "bool", term: `${literal}` };
    if (typeof literal === "string") return { kind: "string", term: this.#texts.code(literal) };
    if (typeof literal === "number") return { kind: "long", term: this.#algebra.terms.int(literal) };
    const uid = isObject(literal) && isObject(literal.__entity) ? literal.__entity : undefined;
    if (uid === undefined) throw new CannotTell("a policy has a literal that can't be read");
    return { kind: "entity", entity: this.#environment.entity(String(uid.type), String(uid.id)) };
  }

  #variable(name: string): Plain {
    if (name === "principal" || name === "action" || name === "resource") return { kind: "entity", entity: this.#environment[name] };
    if (name === "context") return this.#environment.context;
    throw new CannotTell("a policy has an unknown variable");
  }

  // ---------- picking a kind: every other kind errs ----------

  #boolean({ value, errs }: Result): Truth {
    const { terms } = this.#algebra;
    const holds = terms.or(...value.flatMap((one) => (one.value.kind === "bool" ? [terms.and(one.guard, one.value.term)] : [])));
    return { holds, errs: terms.or(errs, this.#not(value, "bool")) };
  }

  #not(value: Symbolic, kind: Plain["kind"]): Term {
    return this.#algebra.terms.or(...value.flatMap((one) => (one.value.kind === kind ? [] : [one.guard])));
  }

  #scalar({ value, errs }: Result, kind: ScalarKind): { readonly term: Term; readonly errs: Term } {
    const [first, ...rest] = this.#algebra.merged(value).flatMap((one) => (one.value.kind === kind ? [one.value] : []));
    if (rest.length > 0) throw new CannotTell("a value has a kind twice");
    return { term: first?.term ?? "0", errs: this.#algebra.terms.or(errs, this.#not(value, kind)) };
  }

  // ---------- attributes ----------

  #attribute(object: Result, name: string): Result {
    const { terms } = this.#algebra;
    let errs = object.errs;
    const choices = object.value.flatMap(({ guard, value }) => {
      const found = fieldsIn(value)?.get(name);
      errs = terms.or(errs, found === undefined ? guard : terms.and(guard, terms.not(found.present)));
      return (found?.value ?? []).map((one) => ({ guard: terms.and(guard, one.guard), value: one.value }));
    });
    return { value: this.#algebra.merged(choices), errs };
  }

  /** `has a.b` is `has a && .a has b`. */
  #has(object: Symbolic, [name, ...rest]: readonly string[]): Truth {
    const { terms } = this.#algebra;
    let [holds, errs]: [Term, Term] = ["false", "false"];
    for (const { guard, value } of object) {
      if (value.kind !== "record" && value.kind !== "entity") {
        errs = terms.or(errs, guard);
        continue;
      }
      const found = fieldsIn(value)?.get(name!);
      if (found === undefined) continue;
      const inner = rest.length === 0 ? { holds: "true", errs: "false" } : this.#has(found.value, rest);
      holds = terms.or(holds, terms.and(guard, found.present, inner.holds));
      errs = terms.or(errs, terms.and(guard, found.present, inner.errs));
    }
    return { holds, errs };
  }

  #like(object: Result, pattern: readonly unknown[]): Result {
    const segments = [""];
    for (const element of pattern) {
      if (element === "Wildcard") segments.push("");
      else segments[segments.length - 1] += isObject(element) ? String(element.Literal) : "";
    }
    const { term, errs } = this.#scalar(object, "string");
    const isText = object.value.some(({ value }) => value.kind === "string");
    return truthResult({ holds: isText ? this.#texts.like(term, segments) : "false", errs });
  }

  // ---------- entities ----------

  #is(body: unknown): Result {
    const { terms } = this.#algebra;
    const object = this.result(part(body, "left"));
    const type = String(field(body, "entity_type"));
    const ofType = object.value.filter(({ value }) => value.kind === "entity" && value.entity.type === type);
    const holds = terms.or(...ofType.map(({ guard }) => guard));
    const errs = terms.or(object.errs, this.#not(object.value, "entity"));
    const inside = field(body, "in");
    if (inside === undefined || inside === null) return truthResult({ holds, errs });
    const within = this.#in({ value: ofType, errs: "false" }, this.result(inside));
    const found = this.#boolean(within);
    return truthResult({ holds: terms.and(holds, found.holds), errs: terms.or(errs, terms.and(holds, found.errs)) });
  }

  #in(left: Result, right: Result): Result {
    const { terms } = this.#algebra;
    let [holds, errs]: [Term, Term] = ["false", terms.or(left.errs, right.errs, this.#not(left.value, "entity"))];
    const within = (container: SymbolicEntity): Term => terms.or(...left.value.flatMap(({ guard, value }) => (value.kind === "entity" ? [terms.and(guard, this.#algebra.isIn(value.entity, container))] : [])));
    for (const { guard, value } of right.value) {
      if (value.kind === "entity") holds = terms.or(holds, terms.and(guard, within(value.entity)));
      else if (value.kind !== "set") errs = terms.or(errs, guard);
      // no member of these is an entity, so any member errs
      else if (!("members" in value.set)) errs = terms.or(errs, terms.and(guard, terms.not(this.#algebra.isEmpty(value.set))));
      else {
        for (const member of value.set.members) {
          for (const one of member.value) {
            const here = terms.and(guard, member.guard, one.guard);
            if (one.value.kind === "entity") holds = terms.or(holds, terms.and(here, within(one.value.entity)));
            else errs = terms.or(errs, here);
          }
        }
      }
    }
    return truthResult({ holds, errs });
  }

  #conditional(body: unknown): Result {
    const { terms } = this.#algebra;
    const condition = this.truth(part(body, "if"));
    const otherwise = terms.not(condition.holds);
    const branches = [
      { guard: condition.holds, result: condition.holds === "false" ? null : this.result(part(body, "then")) },
      { guard: otherwise, result: otherwise === "false" ? null : this.result(part(body, "else")) },
    ];
    const choices = branches.flatMap(({ guard, result }) => (result?.value ?? []).map((one) => ({ guard: terms.and(guard, one.guard), value: one.value })));
    return { value: this.#algebra.merged(choices), errs: terms.or(condition.errs, ...branches.map(({ guard, result }) => terms.and(guard, result?.errs ?? "false"))) };
  }

  // ---------- operators ----------

  #binary(operator: string, left: Result, right: Result): Result {
    const algebra = this.#algebra;
    const { terms } = algebra;
    const errs = terms.or(left.errs, right.errs);
    switch (operator) {
      case "==":
        return truthResult({ holds: algebra.equal(left.value, right.value), errs });
      case "!=":
        return truthResult({ holds: terms.not(algebra.equal(left.value, right.value)), errs });
      case "<":
      case "<=":
      case ">":
      case ">=":
        return this.#ordered(left, right, ["long", "datetime", "duration"], (one, other) => (operator === "<" ? terms.less(one, other) : operator === "<=" ? terms.atMost(one, other) : operator === ">" ? terms.less(other, one) : terms.atMost(other, one)));
      case "+":
      case "-":
      case "*":
        return this.#arithmetic(operator, left, right, "long", "long", "long");
      case "contains": {
        const found = this.#sets(left);
        return truthResult({ holds: terms.or(...found.sets.map(({ guard, set }) => terms.and(guard, algebra.contains(set, right.value)))), errs: terms.or(errs, found.errs) });
      }
      case "containsAll":
      case "containsAny": {
        const [one, other] = [this.#sets(left), this.#sets(right)];
        const holds = terms.or(...one.sets.flatMap((a) => other.sets.map((b) => terms.and(a.guard, b.guard, operator === "containsAll" ? algebra.containsAll(a.set, b.set) : algebra.containsAny(a.set, b.set)))));
        return truthResult({ holds, errs: terms.or(one.errs, other.errs) });
      }
      default:
        throw new CannotTell(`the operator \`${operator}\` can't be put to the solver`);
    }
  }

  #sets({ value, errs }: Result) {
    const sets = value.flatMap((one) => (one.value.kind === "set" ? [{ guard: one.guard, set: one.value.set }] : []));
    return { sets, errs: this.#algebra.terms.or(errs, this.#not(value, "set")) };
  }

  #ordered(left: Result, right: Result, kinds: readonly ScalarKind[], test: (one: Term, other: Term) => Term): Result {
    const { terms } = this.#algebra;
    let [holds, comparable]: [Term, Term] = ["false", "false"];
    for (const one of left.value) {
      for (const other of right.value) {
        if (one.value.kind !== other.value.kind || !("term" in one.value) || !("term" in other.value) || !kinds.some((kind) => kind === one.value.kind)) continue;
        const here = terms.and(one.guard, other.guard);
        comparable = terms.or(comparable, here);
        holds = terms.or(holds, terms.and(here, test(one.value.term, other.value.term)));
      }
    }
    return truthResult({ holds, errs: terms.or(left.errs, right.errs, terms.not(comparable)) });
  }

  #arithmetic(operator: "+" | "-" | "*", left: Result, right: Result, kind: ScalarKind, other: ScalarKind, made: ScalarKind): Result {
    const { terms } = this.#algebra;
    const [one, two] = [this.#scalar(left, kind), this.#scalar(right, other)];
    const term = terms.arithmetic(operator, one.term, two.term);
    return { value: only({ kind: made, term }), errs: terms.or(one.errs, two.errs, this.#algebra.overflows(term)) };
  }

  // ---------- extension functions ----------

  #extension(name: string, args: readonly Result[]): Result {
    const { terms } = this.#algebra;
    const [first, second] = args;
    if (first === undefined) throw new CannotTell(`the function \`${name}\` can't be put to the solver`);
    switch (name) {
      case "decimal":
      case "datetime":
      case "duration":
      case "ip":
        return this.#parsed(name, first);
      case "lessThan":
        return this.#ordered(first, second!, ["decimal"], (one, other) => terms.less(one, other));
      case "lessThanOrEqual":
        return this.#ordered(first, second!, ["decimal"], (one, other) => terms.atMost(one, other));
      case "greaterThan":
        return this.#ordered(first, second!, ["decimal"], (one, other) => terms.less(other, one));
      case "greaterThanOrEqual":
        return this.#ordered(first, second!, ["decimal"], (one, other) => terms.atMost(other, one));
      case "offset":
        return this.#arithmetic("+", first, second!, "datetime", "duration", "datetime");
      case "durationSince":
        return this.#arithmetic("-", first, second!, "datetime", "datetime", "duration");
      case "toDate":
      case "toTime": {
        const { term, errs } = this.#scalar(first, "datetime");
        const time = terms.divide("mod", term, dayMs);
        if (name === "toTime") return { value: only({ kind: "duration", term: time }), errs };
        const date = terms.arithmetic("-", term, time);
        return { value: only({ kind: "datetime", term: date }), errs: terms.or(errs, this.#algebra.overflows(date)) };
      }
      case "isIpv4":
      case "isIpv6":
      case "isLoopback":
      case "isMulticast":
      case "isInRange":
        return this.#address(name, args);
      default: {
        const unit = unitsMs[name];
        if (unit === undefined) throw new CannotTell(`the function \`${name}\` can't be put to the solver`);
        const { term, errs } = this.#scalar(first, "duration");
        // toward zero
        const down = terms.divide("div", term, unit);
        const up = terms.arithmetic("-", "0", terms.divide("div", terms.arithmetic("-", "0", term), unit));
        return { value: only({ kind: "long", term: terms.choose("Int", terms.less(term, "0"), up, down) }), errs };
      }
    }
  }

  /** Of a text that the policy spells out, what it says; of a text from the call, anything. */
  #parsed(name: "decimal" | "datetime" | "duration" | "ip", argument: Result): Result {
    const { terms } = this.#algebra;
    let errs = terms.or(argument.errs, this.#not(argument.value, "string"));
    const choices = argument.value.flatMap(({ guard, value }) => {
      if (value.kind !== "string") return [];
      const code = numberOf(value.term);
      const text = code === null ? undefined : this.#texts.textOf(code);
      if (text === undefined) {
        errs = terms.or(errs, terms.and(guard, this.#algebra.unknown(`reads a ${name} out of a text of the call`)));
        return [{ guard, value: this.#anything(name) }];
      }
      const constant = constantOf(name, text);
      if (constant === null) errs = terms.or(errs, guard);
      return constant === null ? [] : [{ guard, value: constantPlain(constant, (long) => terms.int(long)) }];
    });
    return { value: this.#algebra.merged(choices), errs };
  }

  #anything(name: "decimal" | "datetime" | "duration" | "ip"): Plain {
    if (name === "ip") return { kind: "ip", value: null };
    const term = this.#algebra.terms.declare("Int");
    this.#algebra.terms.assert(this.#algebra.terms.not(this.#algebra.overflows(term)));
    return { kind: name, term };
  }

  #address(name: string, args: readonly Result[]): Result {
    const { terms } = this.#algebra;
    const errs = terms.or(...args.map(({ value, errs: failed }) => terms.or(failed, this.#not(value, "ip"))));
    const combine = (index: number, guard: Term, values: readonly (IpAddress | null)[]): readonly Term[] => {
      const argument = args[index];
      if (argument === undefined) return [terms.and(guard, this.#addressTest(name, values))];
      return argument.value.flatMap((one) => (one.value.kind === "ip" ? combine(index + 1, terms.and(guard, one.guard), [...values, one.value.value]) : []));
    };
    return truthResult({ holds: terms.or(...combine(0, "true", [])), errs });
  }

  #addressTest(name: string, values: readonly (IpAddress | null)[]): Term {
    const known = values.filter((value) => value !== null);
    if (known.length < values.length) return this.#algebra.unknown("asks about an IP address of the call");
    return applied(name, known) === true ? "true" : "false";
  }
}

function constantOf(name: string, text: string): Value | null {
  try {
    return applied(name, [text]);
  } catch (error) {
    if (error instanceof EvaluationError) return null;
    throw error;
  }
}

function constantPlain(value: Value, int: (long: number | bigint) => Term): Plain {
  if (value instanceof Decimal) return { kind: "decimal", term: int(value.units) };
  if (value instanceof Datetime) return { kind: "datetime", term: int(value.ms) };
  if (value instanceof Duration) return { kind: "duration", term: int(value.ms) };
  return { kind: "ip", value: value instanceof IpAddress ? value : null };
}

const fine = (value: Plain): Result => ({ value: only(value), errs: "false" });

function truthResult({ holds, errs }: Truth): Result {
  return { value: only({ kind: "bool", term: holds }), errs };
}

function fieldsIn(value: Plain) {
  return value.kind === "record" ? value.fields : value.kind === "entity" ? value.entity.attributes : null;
}

function field(body: unknown, name: string): unknown {
  return isObject(body) ? body[name] : undefined;
}

const part = field;
