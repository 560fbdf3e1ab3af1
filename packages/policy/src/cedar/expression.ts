import { extensionFunctions } from "./extensions.ts";
import { matchesPattern } from "./like-pattern.ts";
import {
  add,
  CedarRecord,
  CedarSet,
  Datetime,
  Duration,
  Entity,
  entityKey,
  EvaluationError,
  isLong,
  type Long,
  multiply,
  subtract,
  type Value,
  valuesEqual,
} from "./values.ts";

/** What a policy is evaluated in. */
export interface Environment {
  readonly principal: Entity;
  readonly action: Entity;
  readonly resource: Entity;
  readonly context: CedarRecord;
  readonly entities: EntityLookup;
}

export interface EntityLookup {
  get(key: string): Entity | undefined;
}

export type Evaluate = (environment: Environment) => Value;

/** Raised while compiling: the policy uses something we can't evaluate exactly as the reference engine would. */
export class UnsupportedPolicy extends Error {
  override readonly name = "UnsupportedPolicy";
}

type Json = Readonly<Record<string, unknown>>;

/** One expression of Cedar's JSON policy format to a closure. Pure: closures are shared by every snapshot. */
export function compileExpression(expression: unknown): Evaluate {
  if (!isObject(expression)) throw new UnsupportedPolicy("malformed expression");
  const entries = Object.entries(expression);
  const [operator, body] = entries[0] ?? ["", undefined];
  if (entries.length !== 1) throw new UnsupportedPolicy("malformed expression");
  const special = specialForms.get(operator);
  if (special !== undefined) return special(body);
  const extension = extensionFunctions.get(operator);
  if (extension !== undefined) return compileExtension(extension, body);
  const binary = binaryOperators.get(operator);
  if (binary !== undefined && isObject(body)) {
    const left = compileExpression(body.left);
    const right = compileExpression(body.right);
    return (environment) => binary(left(environment), right(environment));
  }
  throw new UnsupportedPolicy(`operator \`${operator}\` is not supported`);
}

type Form = (body: unknown) => Evaluate;

const specialForms: ReadonlyMap<string, Form> = new Map<string, Form>([
  ["Value", (body) => compileLiteral(body)],
  ["Var", (body) => variable(body)],
  ["!", (body) => unary(body, (value) => !asBoolean(value))],
  ["neg", (body) => unary(body, (value) => subtract(0, asLong(value)))],
  ["isEmpty", (body) => unary(body, (value) => asSet(value).items.length === 0)],
  [
    "&&",
    (body) => {
      const [left, right] = sides(body);
      return (environment) => asBoolean(left(environment)) && asBoolean(right(environment));
    },
  ],
  [
    "||",
    (body) => {
      const [left, right] = sides(body);
      return (environment) => asBoolean(left(environment)) || asBoolean(right(environment));
    },
  ],
  [
    ".",
    (body) => {
      const object = part(body, "left");
      const name = text(body, "attr");
      return (environment) => attribute(object(environment), name);
    },
  ],
  ["has", (body) => compileHas(body)],
  ["like", (body) => compileLike(body)],
  ["is", (body) => compileIs(body)],
  [
    "if-then-else",
    (body) => {
      const [condition, then, otherwise] = [part(body, "if"), part(body, "then"), part(body, "else")];
      return (environment) => (asBoolean(condition(environment)) ? then(environment) : otherwise(environment));
    },
  ],
  [
    "in",
    (body) => {
      const [left, right] = sides(body);
      return (environment) => isIn(left(environment), right(environment));
    },
  ],
  [
    "Set",
    (body) => {
      const members = list(body).map(compileExpression);
      if (list(body).every((member) => isObject(member) && "Value" in member && !isObject(member.Value))) {
        const constant = new CedarSet(members.map((member) => member(nowhere)));
        return () => constant;
      }
      return (environment) => new CedarSet(members.map((member) => member(environment)));
    },
  ],
  [
    "Record",
    (body) => {
      if (!isObject(body)) throw new UnsupportedPolicy("malformed record");
      const fields = Object.entries(body).map(([name, field]) => [name, compileExpression(field)] as const);
      return (environment) => new CedarRecord(new Map(fields.map(([name, field]) => [name, field(environment)])));
    },
  ],
]);

const binaryOperators: ReadonlyMap<string, (left: Value, right: Value) => Value> = new Map<
  string,
  (left: Value, right: Value) => Value
>([
  ["==", valuesEqual],
  ["!=", (left, right) => !valuesEqual(left, right)],
  ["<", (left, right) => compare(left, right, (a, b) => a < b)],
  ["<=", (left, right) => compare(left, right, (a, b) => a <= b)],
  [">", (left, right) => compare(left, right, (a, b) => a > b)],
  [">=", (left, right) => compare(left, right, (a, b) => a >= b)],
  ["+", (left, right) => add(asLong(left), asLong(right))],
  ["-", (left, right) => subtract(asLong(left), asLong(right))],
  ["*", (left, right) => multiply(asLong(left), asLong(right))],
  ["contains", (left, right) => asSet(left).has(right)],
  ["containsAll", (left, right) => containsAll(asSet(left), asSet(right))],
  ["containsAny", (left, right) => containsAny(asSet(left), asSet(right))],
]);

function containsAll(all: CedarSet, some: CedarSet): boolean {
  return some.items.every((item) => all.has(item));
}

function containsAny(left: CedarSet, right: CedarSet): boolean {
  return right.items.some((item) => left.has(item));
}

function compare(left: Value, right: Value, test: (a: Long, b: Long) => boolean): boolean {
  if (isLong(left) && isLong(right)) return test(left, right);
  if (left instanceof Datetime && right instanceof Datetime) return test(left.ms, right.ms);
  if (left instanceof Duration && right instanceof Duration) return test(left.ms, right.ms);
  throw new EvaluationError("values can't be ordered");
}

export function isIn(left: Value, right: Value): boolean {
  const entity = asEntity(left);
  if (right instanceof Entity) return entity.ancestors.has(right.key);
  if (!(right instanceof CedarSet)) throw new EvaluationError("expected an entity or a set of entities");
  // every member is type-checked before any is compared, as the reference does
  const keys = right.items.map((item) => asEntity(item).key);
  return keys.some((key) => entity.ancestors.has(key));
}

function attribute(object: Value, name: string): Value {
  const value = fieldsOf(object)?.get(name);
  if (value === undefined) throw new EvaluationError("attribute or entity does not exist");
  return value;
}

function fieldsOf(object: Value): ReadonlyMap<string, Value> | null {
  if (object instanceof CedarRecord) return object.fields;
  if (object instanceof Entity) return object.attributes;
  throw new EvaluationError("expected an entity or a record");
}

/** `has a.b.c` is `has a && .a has b && .a.b has c`. */
function compileHas(body: unknown): Evaluate {
  const object = part(body, "left");
  const attr = (body as Json).attr;
  const names = typeof attr === "string" ? [attr] : list(attr).map(String);
  return (environment) => {
    let current = object(environment);
    for (const [index, name] of names.entries()) {
      const next = fieldsOf(current)?.get(name);
      if (next === undefined) return false;
      if (index < names.length - 1) current = next;
    }
    return true;
  };
}

function compileLike(body: unknown): Evaluate {
  const object = part(body, "left");
  const segments = [""];
  for (const element of list((body as Json).pattern)) {
    if (element === "Wildcard") segments.push("");
    else if (isObject(element) && typeof element.Literal === "string") segments[segments.length - 1] += element.Literal;
    else throw new UnsupportedPolicy("malformed pattern");
  }
  return (environment) => {
    const value = object(environment);
    if (typeof value !== "string") throw new EvaluationError("expected string");
    return matchesPattern(value, segments);
  };
}

function compileIs(body: unknown): Evaluate {
  const object = part(body, "left");
  const type = text(body, "entity_type");
  const inside = (body as Json).in;
  if (inside === undefined || inside === null) return (environment) => asEntity(object(environment)).type === type;
  const container = compileExpression(inside);
  return (environment) => {
    const entity = asEntity(object(environment));
    return entity.type === type && isIn(entity, container(environment));
  };
}

function compileExtension(
  extension: { readonly arity: number; readonly call: (args: readonly Value[]) => Value },
  body: unknown,
): Evaluate {
  const args = list(body).map(compileExpression);
  if (args.length !== extension.arity) throw new UnsupportedPolicy("wrong number of arguments");
  const constant = list(body).every((arg) => isObject(arg) && "Value" in arg && !isObject(arg.Value));
  if (constant) {
    try {
      const value = extension.call(args.map((arg) => arg(nowhere)));
      return () => value;
    } catch {
      // a malformed literal errs at each evaluation, as in the reference
    }
  }
  return (environment) => extension.call(args.map((arg) => arg(environment)));
}

function compileLiteral(literal: unknown): Evaluate {
  if (typeof literal === "boolean" || typeof literal === "string") return () => literal;
  if (typeof literal === "number") {
    // the reference's JSON passes through a double, so beyond 2^53 the number we were handed may not be the one written
    if (!Number.isSafeInteger(literal))
      throw new UnsupportedPolicy("whole numbers beyond 9007199254740991 are not supported");
    return () => literal;
  }
  const uid = isObject(literal) && isObject(literal.__entity) ? literal.__entity : undefined;
  if (uid === undefined) throw new UnsupportedPolicy("this literal is not supported");
  const missing = new Entity(String(uid.type), String(uid.id), null);
  const key = entityKey(missing.type, missing.id);
  return (environment) => environment.entities.get(key) ?? missing;
}

function variable(name: unknown): Evaluate {
  switch (name) {
    case "principal":
      return (environment) => environment.principal;
    case "action":
      return (environment) => environment.action;
    case "resource":
      return (environment) => environment.resource;
    case "context":
      return (environment) => environment.context;
    default:
      throw new UnsupportedPolicy("unknown variable");
  }
}

const nowhereEntity = new Entity("Nowhere", "", null);
/** Constants are folded in it; they read nothing. */
const nowhere: Environment = {
  principal: nowhereEntity,
  action: nowhereEntity,
  resource: nowhereEntity,
  context: new CedarRecord(new Map()),
  entities: new Map(),
};

function unary(body: unknown, apply: (value: Value) => Value): Evaluate {
  const argument = part(body, "arg");
  return (environment) => apply(argument(environment));
}

function sides(body: unknown): readonly [Evaluate, Evaluate] {
  return [part(body, "left"), part(body, "right")];
}

function part(body: unknown, name: string): Evaluate {
  if (!isObject(body)) throw new UnsupportedPolicy("malformed expression");
  return compileExpression(body[name]);
}

function text(body: unknown, name: string): string {
  const value = isObject(body) ? body[name] : undefined;
  if (typeof value !== "string") throw new UnsupportedPolicy("malformed expression");
  return value;
}

function list(value: unknown): readonly unknown[] {
  if (!Array.isArray(value)) throw new UnsupportedPolicy("malformed expression");
  return value;
}

function isObject(value: unknown): value is Json {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}

export function asBoolean(value: Value): boolean {
  if (typeof value !== "boolean") throw new EvaluationError("expected bool");
  return value;
}

function asLong(value: Value): Long {
  if (!isLong(value)) throw new EvaluationError("expected long");
  return value;
}

function asSet(value: Value): CedarSet {
  if (!(value instanceof CedarSet)) throw new EvaluationError("expected set");
  return value;
}

function asEntity(value: Value): Entity {
  if (!(value instanceof Entity)) throw new EvaluationError("expected entity");
  return value;
}
