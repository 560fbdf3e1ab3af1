/**
 * Cedar values at run time. A Long is a JavaScript number while it is a safe integer and a bigint beyond, always in that
 * canonical form, so `===` and `<` are right and the common case costs nothing.
 */
export type Long = number | bigint;
export type Value = boolean | Long | string | Entity | CedarSet | CedarRecord | Extension;
export type Extension = Decimal | Datetime | Duration | IpAddress;

/** An error of evaluation. Cedar skips a policy that errs; our decision point denies and alerts instead (G11). */
export class EvaluationError extends Error {
  override readonly name = "EvaluationError";
}

export class Entity {
  readonly type: string;
  readonly id: string;
  readonly key: string;
  /** Null when the entity isn't in the store: reading an attribute of it errs. */
  readonly attributes: ReadonlyMap<string, Value> | null;
  /** Keys of all ancestors and of itself. */
  readonly ancestors: ReadonlySet<string>;

  constructor(
    type: string,
    id: string,
    attributes: ReadonlyMap<string, Value> | null,
    ancestors: Iterable<string> = [],
  ) {
    this.type = type;
    this.id = id;
    this.key = entityKey(type, id);
    this.attributes = attributes;
    this.ancestors = new Set([this.key, ...ancestors]);
  }
}

/** Unambiguous: a type never holds a quote. */
export function entityKey(type: string, id: string): string {
  return `${type}::"${id}"`;
}

export class CedarRecord {
  readonly fields: ReadonlyMap<string, Value>;
  constructor(fields: ReadonlyMap<string, Value>) {
    this.fields = fields;
  }
}

export class CedarSet {
  readonly items: readonly Value[];
  #index: Set<string> | undefined;

  constructor(items: readonly Value[]) {
    this.items = items;
  }

  /** Canonical keys of all members. Built once: membership stays linear however long the caller makes its array. */
  get index(): Set<string> {
    this.#index ??= new Set(this.items.map(canonicalKey));
    return this.#index;
  }

  has(value: Value): boolean {
    if (typeof value === "string" && this.items.length <= 6) return this.items.includes(value);
    return this.index.has(canonicalKey(value));
  }
}

/** Fixed point with four places, an i64 of ten-thousandths. */
export class Decimal {
  readonly units: Long;
  constructor(units: Long) {
    this.units = units;
  }
}
/** Milliseconds since 1970 UTC, an i64. */
export class Datetime {
  readonly ms: Long;
  constructor(ms: Long) {
    this.ms = ms;
  }
}
/** Milliseconds, an i64. */
export class Duration {
  readonly ms: Long;
  constructor(ms: Long) {
    this.ms = ms;
  }
}
export class IpAddress {
  readonly v6: boolean;
  readonly address: bigint;
  readonly prefix: number;
  constructor(v6: boolean, address: bigint, prefix: number) {
    this.v6 = v6;
    this.address = address;
    this.prefix = prefix;
  }
}

const longMin = -(2n ** 63n);
const longMax = 2n ** 63n - 1n;

/** The canonical Long, or an error where Cedar's 64-bit arithmetic overflows. */
export function toLong(exact: bigint): Long {
  if (exact < longMin || exact > longMax) throw new EvaluationError("integer overflow");
  const number = Number(exact);
  return Number.isSafeInteger(number) ? number : exact;
}

export function add(a: Long, b: Long): Long {
  if (typeof a === "number" && typeof b === "number") {
    const sum = a + b;
    if (Number.isSafeInteger(sum)) return sum;
  }
  return toLong(BigInt(a) + BigInt(b));
}

export function subtract(a: Long, b: Long): Long {
  if (typeof a === "number" && typeof b === "number") {
    const difference = a - b;
    if (Number.isSafeInteger(difference)) return difference;
  }
  return toLong(BigInt(a) - BigInt(b));
}

export function multiply(a: Long, b: Long): Long {
  if (typeof a === "number" && typeof b === "number") {
    const product = a * b;
    // -0 would be a second zero
    if (Number.isSafeInteger(product)) return product + 0;
  }
  return toLong(BigInt(a) * BigInt(b));
}

export function isLong(value: Value): value is Long {
  return typeof value === "number" || typeof value === "bigint";
}

/** Cedar's `==`: total, never errs, values of different types differ. */
export function valuesEqual(a: Value, b: Value): boolean {
  if (a === b) return true;
  if (typeof a !== "object" || typeof b !== "object") return false;
  if (a instanceof Entity) return b instanceof Entity && a.key === b.key;
  return canonicalKey(a) === canonicalKey(b);
}

/** Equal values, and only they, have equal keys. Long strings are quoted, so nothing can be forged by content. */
export function canonicalKey(value: Value): string {
  switch (typeof value) {
    case "string":
      return JSON.stringify(value);
    case "boolean":
      return value ? "t" : "f";
    case "number":
    case "bigint":
      return `${value}`;
    default:
      return objectKey(value);
  }
}

function objectKey(value: Entity | CedarSet | CedarRecord | Extension): string {
  if (value instanceof Entity) return `e${JSON.stringify([value.type, value.id])}`;
  if (value instanceof CedarSet) return `[${[...value.index].sort().join(",")}]`;
  if (value instanceof CedarRecord) {
    const fields = [...value.fields].map(([name, field]) => `${JSON.stringify(name)}:${canonicalKey(field)}`);
    return `{${fields.sort().join(",")}}`;
  }
  if (value instanceof Decimal) return `d${value.units}`;
  if (value instanceof Datetime) return `i${value.ms}`;
  if (value instanceof Duration) return `p${value.ms}`;
  return `${value.v6 ? "v6" : "v4"}:${value.address}/${value.prefix}`;
}
