import type { Field } from "./kind.ts";
import type { Spec } from "./queries.ts";

export type Values = Readonly<Record<string, string>>;

/** `contract.expires` reaches inside. */
function valueAt(spec: Spec, path: string): unknown {
  return path.split(".").reduce<unknown>((value, part) => (typeof value === "object" && value !== null ? (value as Spec)[part] : undefined), spec);
}

/** As a form shows it; a list is one a line. */
export function written(spec: Spec, field: Field): string {
  const value = valueAt(spec, field.name);
  return Array.isArray(value) ? value.join("\n") : value === undefined || value === null ? "" : String(value);
}

/** The record with what the form says: a field left empty says nothing, everything else stays as it was. */
export function specWith(spec: Spec, fields: readonly Field[], values: Values): Spec {
  return fields.reduce<Spec>((whole, field) => {
    const text = (values[field.name] ?? "").trim();
    const said: unknown = field.type === "lines" ? text.split("\n").map((line) => line.trim()).filter((line) => line !== "") : text;
    const isEmpty = text === "";
    // What was never said and still isn't stays unsaid: an empty list is an answer.
    if (isEmpty && valueAt(spec, field.name) === undefined) return whole;
    return put(whole, field.name.split("."), isEmpty ? undefined : said);
  }, structuredClone(spec));
}

function put(spec: Spec, [head = "", ...rest]: readonly string[], value: unknown): Spec {
  const inner = rest.length === 0 ? value : put(typeof spec[head] === "object" && spec[head] !== null ? (spec[head] as Spec) : {}, rest, value);
  if (inner !== undefined) return { ...spec, [head]: inner };
  return Object.fromEntries(Object.entries(spec).filter(([name]) => name !== head));
}
