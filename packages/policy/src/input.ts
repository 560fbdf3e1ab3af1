import { parseDecimal } from "./cedar/extensions.ts";
import { CedarRecord, CedarSet, type Value } from "./cedar/values.ts";

/** Arguments of a call as Cedar values. What doesn't fit its declared type is left out, so that a rule on it forbids. */
export interface ConvertedInput {
  readonly record: CedarRecord;
  /** Path of an argument that can't be read exactly (money with five places, a number past 64 bits), or null. */
  readonly problem: string | null;
}

type Json = Readonly<Record<string, unknown>>;

const maxDepth = 16;
const maxNodes = 20_000;
/** A property path goes into a refusal: never longer than this, never other characters. */
const pathPattern = /^[\w.-]{1,128}$/;

export function convertInput(schema: Json | null, input: Json): ConvertedInput {
  const conversion = new Conversion();
  const record = conversion.record(schema, input, "input", 0);
  return { record, problem: conversion.problem };
}

class Conversion {
  problem: string | null = null;
  #nodes = 0;

  record(schema: Json | null, input: Json, path: string, depth: number): CedarRecord {
    const declared = propertiesOf(schema);
    const fields = new Map<string, Value>();
    for (const name of Object.keys(input)) {
      // with a schema, what it doesn't declare isn't visible to rules: they were validated without it
      const property = declared === null ? null : Object.hasOwn(declared, name) ? declared[name] : undefined;
      if (property === undefined) continue;
      const value = this.#value(property as Json | null, input[name], `${path}.${name}`, depth + 1);
      if (value !== undefined) fields.set(name, value);
    }
    return new CedarRecord(fields);
  }

  #value(schema: Json | null, value: unknown, path: string, depth: number): Value | undefined {
    this.#nodes += 1;
    if (depth > maxDepth || this.#nodes > maxNodes) return this.#refuse(path);
    if (schema === null) return this.#untyped(value, path, depth);
    if (isMoney(schema)) return this.#money(value, path);
    switch (schema.type) {
      case "string":
        return typeof value === "string" ? value : undefined;
      case "boolean":
        return typeof value === "boolean" ? value : undefined;
      case "integer":
        return this.#integer(value, path);
      case "number":
        return typeof value === "number" ? decimalOf(String(value)) : undefined;
      case "array":
        return Array.isArray(value) ? this.#set(asSchema(schema.items), value, path, depth) : undefined;
      case "object":
        return isObject(value) ? this.record(schema, value, path, depth) : undefined;
      default:
        return undefined;
    }
  }

  #untyped(value: unknown, path: string, depth: number): Value | undefined {
    if (typeof value === "string" || typeof value === "boolean") return value;
    if (typeof value === "number") return Number.isSafeInteger(value) ? value : undefined;
    if (Array.isArray(value)) return this.#set(null, value, path, depth);
    return isObject(value) ? this.record(null, value, path, depth) : undefined;
  }

  #set(schema: Json | null, values: readonly unknown[], path: string, depth: number): Value | undefined {
    const items: Value[] = [];
    for (const value of values) {
      const item = this.#value(schema, value, path, depth + 1);
      // a set with a member left out would satisfy `containsAll` falsely: leave the whole set out
      if (item === undefined) return undefined;
      items.push(item);
    }
    return new CedarSet(items);
  }

  #integer(value: unknown, path: string): Value | undefined {
    if (typeof value !== "number") return undefined;
    return Number.isSafeInteger(value) ? value : this.#refuse(path);
  }

  /** `{value: "40.00", currency: "EUR"}`. "40" reads as "40.0", because Cedar's decimal has at least one place. */
  #money(value: unknown, path: string): Value | undefined {
    if (!isObject(value)) return undefined;
    const fields = new Map<string, Value>();
    if (typeof value.currency === "string") fields.set("currency", value.currency);
    if (value.value !== undefined) {
      const amount = typeof value.value === "string" ? decimalOf(value.value) : undefined;
      if (amount === undefined) return this.#refuse(`${path}.value`);
      fields.set("value", amount);
    }
    return new CedarRecord(fields);
  }

  #refuse(path: string): undefined {
    this.problem ??= pathPattern.test(path) ? path : "input";
    return undefined;
  }
}

function decimalOf(text: string): Value | undefined {
  try {
    return parseDecimal(/^-?\d+$/.test(text) ? `${text}.0` : text);
  } catch {
    return undefined;
  }
}

function isMoney(schema: Json): boolean {
  return schema.$ref === "mandate:money";
}

function propertiesOf(schema: Json | null): Json | null {
  if (schema === null) return null;
  return isObject(schema.properties) ? schema.properties : {};
}

function asSchema(value: unknown): Json {
  return isObject(value) ? value : {};
}

function isObject(value: unknown): value is Json {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}

/** The Cedar schema type of a JSON Schema, or null where rules can't see it. Mirrors the conversion above. */
export function cedarTypeOf(schema: Json, depth = 0): string | null {
  if (depth > maxDepth) return null;
  if (isMoney(schema)) return "{ value?: __cedar::decimal, currency?: __cedar::String }";
  switch (schema.type) {
    case "string":
      return "__cedar::String";
    case "boolean":
      return "__cedar::Bool";
    case "integer":
      return "__cedar::Long";
    case "number":
      return "__cedar::decimal";
    case "array": {
      const member = cedarTypeOf(asSchema(schema.items), depth + 1);
      return member === null ? null : `Set<${member}>`;
    }
    case "object": {
      const fields = Object.entries(propertiesOf(schema) ?? {}).flatMap(([name, property]) => {
        const type = cedarTypeOf(asSchema(property), depth + 1);
        return type === null ? [] : [`${JSON.stringify(name)}?: ${type}`];
      });
      return `{ ${fields.join(", ")} }`;
    }
    default:
      return null;
  }
}
