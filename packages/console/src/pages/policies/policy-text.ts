import { isMap, isScalar, isSeq, LineCounter, parseDocument, stringify } from "yaml";
import type { Checked, Spec } from "./queries.ts";

export interface Marked {
  readonly line: number;
  readonly message: string;
}
export interface Read {
  readonly spec: Spec | null;
  /** Where it is no YAML, with lines from 1. */
  readonly faults: readonly Marked[];
  /** The line of each rule's id. */
  readonly lineOfRule: ReadonlyMap<string, number>;
  readonly lineOfTest: readonly number[];
}

export const textOf = (spec: Spec): string => stringify(spec, { lineWidth: 100 });

/** The policy's spec out of its text, and where in it what stands. Aliases are not followed: they can multiply without end. */
export function readPolicy(text: string): Read {
  const lines = new LineCounter();
  const document = parseDocument(text, { lineCounter: lines, maxAliasCount: 0 } as Parameters<typeof parseDocument>[1]);
  const lineAt = (offset: number | undefined): number => (offset === undefined ? 1 : lines.linePos(offset).line);
  const faults = document.errors.map((error) => ({ line: lineAt(error.pos[0]), message: error.message.split("\n")[0]! }));
  const lineOfRule = new Map<string, number>();
  const rules = document.get("rules");
  if (isSeq(rules))
    for (const rule of rules.items) {
      const id = isMap(rule) ? rule.get("id", true) : undefined;
      if (isScalar(id) && typeof id.value === "string") lineOfRule.set(id.value, lineAt(id.range?.[0]));
    }
  const tests = document.get("tests");
  const lineOfTest = isSeq(tests) ? tests.items.map((test) => lineAt((test as { range?: [number, number, number] }).range?.[0])) : [];
  let spec: Spec | null = null;
  try {
    const value: unknown = faults.length === 0 ? document.toJS({ maxAliasCount: 0 }) : null;
    if (typeof value === "object" && value !== null && !Array.isArray(value)) spec = value as Spec;
  } catch (error) {
    faults.push({ line: 1, message: error instanceof Error ? error.message : String(error) });
  }
  return { spec, faults, lineOfRule, lineOfTest };
}

/** What is wrong, beside the line it is wrong in. */
export function marksOf(read: Read, checked: Checked | undefined): Marked[] {
  return [
    ...read.faults,
    ...(checked?.problems ?? []).map(({ rule, message, remedy }) => ({ line: (rule === null ? undefined : read.lineOfRule.get(rule)) ?? 1, message: `${message}. ${remedy}`.replace("..", ".") })),
    ...(checked?.tests ?? []).flatMap((test, at) => (test.passed ? [] : [{ line: read.lineOfTest[at] ?? 1, message: `${test.name}: ${test.reason}` }])),
  ];
}
