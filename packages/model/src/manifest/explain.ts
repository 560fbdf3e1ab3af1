import { z } from "zod";
import { nearest } from "./problems.ts";

export interface Explained {
  readonly path: readonly PropertyKey[];
  readonly message: string;
  readonly remedy: string;
}

/** zod's findings in plain words, each with what to do. */
export function explainIssues(schema: z.ZodType, issues: readonly z.core.$ZodIssue[], base: readonly PropertyKey[] = []): Explained[] {
  return issues.flatMap((issue) => explain(schema, issue, base));
}

function explain(schema: z.ZodType, issue: z.core.$ZodIssue, base: readonly PropertyKey[]): Explained[] {
  const path = [...base, ...issue.path];
  switch (issue.code) {
    case "unrecognized_keys": {
      const known = keysAt(schema, issue.path);
      return issue.keys.map((key) => {
        const meant = nearest(key, known);
        return { path: [...path, key], message: `There is no field \`${printable(key)}\` here.`, remedy: meant ? `Did you mean \`${meant}\`?` : known.length > 0 ? `Known fields: ${known.join(", ")}.` : "Remove it." };
      });
    }
    case "invalid_value": {
      const values = issue.values.map(String);
      const given = typeof issue.input === "string" ? issue.input : "";
      const meant = nearest(given, values);
      return [{ path, message: "This value isn't one of those known.", remedy: `${meant ? `Did you mean \`${meant}\`? ` : ""}Use ${values.join(", ")}.` }];
    }
    case "invalid_type":
      return [issue.input === undefined ? { path, message: "This field is missing.", remedy: `Add it: ${aType(issue.expected)}.` } : { path, message: `This must be ${aType(issue.expected)}.`, remedy: `Write ${aType(issue.expected)}.` }];
    case "too_big":
      return [{ path, message: `This is too large: at most ${issue.maximum}.`, remedy: "Make it smaller." }];
    case "too_small":
      return [{ path, message: `This is too small: at least ${issue.minimum}.`, remedy: "Give more." }];
    case "invalid_union": {
      const branches = issue.errors.filter((errors) => errors.length > 0);
      const best = branches.toSorted((a, b) => deepest(b) - deepest(a) || a.length - b.length)[0];
      if (best && deepest(best) > 0) return best.flatMap((inner) => explain(schema, { ...inner, path: [...issue.path, ...inner.path] }, base));
      return [{ path, message: "This fits none of the forms known here.", remedy: "See the example manifest for this field." }];
    }
    case "invalid_key":
      return [{ path, message: "This key can't be used here.", remedy: issue.issues[0]?.message ?? "Use another name." }];
    default:
      return [{ path, message: issue.code === "custom" || issue.code === "invalid_format" ? issue.message : "This value isn't valid.", remedy: issue.code === "invalid_format" || issue.code === "custom" ? issue.message : "Correct the value." }];
  }
}

function deepest(issues: readonly z.core.$ZodIssue[]): number {
  return Math.max(...issues.map((issue) => issue.path.length));
}

const typeWords: Readonly<Record<string, string>> = { string: "a text", number: "a number", int: "a whole number", boolean: "true or false", array: "a list", object: "a mapping of fields", record: "a mapping of fields" };

function aType(expected: string): string {
  return typeWords[expected] ?? "a value";
}

function printable(text: string): string {
  return text.replaceAll(/[\p{Cc}`]/gu, "?").slice(0, 60);
}

function keysAt(schema: z.ZodType, path: readonly PropertyKey[]): string[] {
  const inner = unwrap(schema);
  const [head, ...rest] = path;
  if (inner instanceof z.ZodUnion) return (inner.options as readonly z.ZodType[]).flatMap((option) => keysAt(option, path));
  if (inner instanceof z.ZodObject) {
    if (head === undefined) return Object.keys(inner.shape);
    const next = inner.shape[String(head)] as z.ZodType | undefined;
    return next ? keysAt(next, rest) : [];
  }
  if (inner instanceof z.ZodArray) return keysAt(inner.element as z.ZodType, rest);
  if (inner instanceof z.ZodRecord) return keysAt(inner.valueType as z.ZodType, rest);
  return [];
}

function unwrap(schema: z.ZodType): z.ZodType {
  let inner = schema;
  while (inner instanceof z.ZodOptional || inner instanceof z.ZodDefault || inner instanceof z.ZodNullable) inner = inner.unwrap() as z.ZodType;
  return inner;
}
