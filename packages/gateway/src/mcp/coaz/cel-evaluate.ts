import { isMembers } from "../../surfaces/fields.ts";
import { type Cel, UnreadableCel } from "./cel-parse.ts";

/** An expression that has no value for these inputs. */
export class CelProblem extends Error {}

/** What an optional selection gives where there is nothing. */
export const absent = Symbol("absent");

export type Variables = Readonly<Record<string, unknown>>;

/** Evaluations of one mapping: a list in a list in a list costs no more than this. */
const maxSteps = 20_000;

/**
 * The value of an expression, or `absent`. Never converts: a number is no text, and values of two kinds are unequal.
 * @throws CelProblem
 */
export function evaluateCel(expression: Cel, variables: Variables): unknown {
  let steps = 0;
  const value = (cel: Cel, inside: Variables): unknown => {
    if ((steps += 1) > maxSteps) throw new CelProblem("it takes too long");
    switch (cel.is) {
      case "literal":
        return cel.value;
      case "name":
        if (!Object.hasOwn(inside, cel.name)) throw new CelProblem(`no such variable \`${cel.name}\``);
        return inside[cel.name];
      case "list":
        return cel.items.map((item) => present(value(item, inside)));
      case "select": {
        const of = value(cel.of, inside);
        if (of === absent) return absent;
        if (!isMembers(of)) throw new CelProblem(`\`${cel.field}\` is asked of what is no object`);
        if (Object.hasOwn(of, cel.field)) return of[cel.field];
        if (cel.optional) return absent;
        throw new CelProblem(`no such key \`${cel.field}\``);
      }
      case "index":
        return indexed(present(value(cel.of, inside)), present(value(cel.at, inside)));
      case "unary": {
        const of = present(value(cel.of, inside));
        if (cel.operator === "!" && typeof of === "boolean") return !of;
        if (cel.operator === "-" && typeof of === "number") return -of;
        throw new CelProblem(`\`${cel.operator}\` of what it doesn't take`);
      }
      case "choice":
        return value(isTrue(value(cel.when, inside)) ? cel.chosen : cel.otherwise, inside);
      case "binary":
        return cel.operator === "&&" || cel.operator === "||" ? both(cel.operator === "||", () => isTrue(value(cel.left, inside)), () => isTrue(value(cel.right, inside))) : compared(cel.operator, present(value(cel.left, inside)), present(value(cel.right, inside)));
      case "call":
        return called(cel, inside);
    }
  };
  const called = ({ name, of, args }: Extract<Cel, { is: "call" }>, inside: Variables): unknown => {
    const [first, second] = args;
    if (of === null) {
      if (name === "has" && args.length === 1 && first!.is === "select") return hasField(first!, inside);
      if (name === "size" && args.length === 1) return sizeOf(present(value(first!, inside)));
      if (name === "string" && args.length === 1) return textOf(present(value(first!, inside)));
      throw new CelProblem(`no such function \`${name}\``);
    }
    if (name === "orValue" && args.length === 1) {
      const given = value(of, inside);
      return given === absent ? value(first!, inside) : given;
    }
    const target = present(value(of, inside));
    if ((name === "exists" || name === "all") && args.length === 2 && first!.is === "name") {
      if (!Array.isArray(target)) throw new CelProblem(`\`${name}\` of what is no list`);
      return (target as unknown[]).reduce<() => boolean>((before, item) => () => both(name === "exists", before, () => isTrue(value(second!, { ...inside, [first!.name]: item }))), () => name === "all")();
    }
    if (name === "size" && args.length === 0) return sizeOf(target);
    if (args.length === 1 && typeof target === "string") {
      const other = present(value(first!, inside));
      if (typeof other === "string") {
        if (name === "startsWith") return target.startsWith(other);
        if (name === "endsWith") return target.endsWith(other);
        if (name === "contains") return target.includes(other);
      }
    }
    throw new CelProblem(`no such function \`${name}\``);
  };
  const hasField = (cel: Extract<Cel, { is: "select" }>, inside: Variables): boolean => {
    const of = value(cel.of, inside);
    if (of === absent) return false;
    if (!isMembers(of)) throw new CelProblem("`has` of what is no object");
    return Object.hasOwn(of, cel.field);
  };
  return value(expression, variables);
}

function present(value: unknown): unknown {
  if (value === absent) throw new CelProblem("a value that is not there is used");
  return value;
}

function isTrue(value: unknown): boolean {
  if (typeof value !== "boolean") throw new CelProblem("a condition is neither true nor false");
  return value;
}

/** As CEL has it: an error on one side is no error where the other side alone decides. */
function both(decides: boolean, left: () => boolean, right: () => boolean): boolean {
  let problem: unknown;
  try {
    if (left() === decides) return decides;
  } catch (error) {
    problem = error;
  }
  if (right() === decides) return decides;
  if (problem !== undefined) throw problem as Error;
  return !decides;
}

function indexed(of: unknown, at: unknown): unknown {
  if (Array.isArray(of) && typeof at === "number" && Number.isInteger(at) && at >= 0 && at < of.length) return of[at] as unknown;
  if (isMembers(of) && typeof at === "string" && Object.hasOwn(of, at)) return of[at];
  throw new CelProblem("an index names nothing");
}

function compared(operator: string, left: unknown, right: unknown): unknown {
  if (operator === "==" || operator === "!=") return isSame(left, right) === (operator === "==");
  if (operator === "in") {
    if (Array.isArray(right)) return right.some((item) => isSame(left, item));
    if (isMembers(right) && typeof left === "string") return Object.hasOwn(right, left);
    throw new CelProblem("`in` of what holds nothing");
  }
  if (typeof left === "string" && typeof right === "string") {
    if (operator === "+") return left + right;
    return ordered(operator, left < right, left === right);
  }
  if (typeof left === "number" && typeof right === "number") {
    if (operator === "+") return left + right;
    if (operator === "-") return left - right;
    if (operator === "*") return left * right;
    return ordered(operator, left < right, left === right);
  }
  if (operator === "+" && Array.isArray(left) && Array.isArray(right)) return [...(left as unknown[]), ...(right as unknown[])];
  throw new CelProblem(`\`${operator}\` of two kinds`);
}

function ordered(operator: string, isLess: boolean, isEqual: boolean): boolean {
  switch (operator) {
    case "<":
      return isLess;
    case "<=":
      return isLess || isEqual;
    case ">":
      return !isLess && !isEqual;
    case ">=":
      return !isLess;
    default:
      throw new UnreadableCel(`\`${operator}\` is not read here.`);
  }
}

function isSame(left: unknown, right: unknown): boolean {
  if (Array.isArray(left) && Array.isArray(right)) return left.length === right.length && left.every((item, index) => isSame(item, right[index]));
  if (isMembers(left) && isMembers(right)) {
    const names = Object.keys(left);
    return names.length === Object.keys(right).length && names.every((name) => Object.hasOwn(right, name) && isSame(left[name], right[name]));
  }
  return left === right;
}

function sizeOf(value: unknown): number {
  if (typeof value === "string") return [...value].length;
  if (Array.isArray(value)) return value.length;
  if (isMembers(value)) return Object.keys(value).length;
  throw new CelProblem("`size` of what has none");
}

function textOf(value: unknown): string {
  if (typeof value === "string") return value;
  if (typeof value === "number" || typeof value === "boolean") return String(value);
  throw new CelProblem("`string` of what has no text");
}
