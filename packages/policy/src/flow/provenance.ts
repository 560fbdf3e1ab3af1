import type { SystemFacts, ToolFacts } from "@mandate/model";
import type { Turn } from "./labels.ts";
import { standsIn } from "./typed-match.ts";

/** The user's own words: user turns of a system whose user channel is declared clean; otherwise none. */
export function userTextsFromMessages(turns: readonly Turn[], system: SystemFacts): readonly string[] {
  if (system.session.userChannel !== "clean") return [];
  return turns.filter((turn) => turn.role === "user" && turn.summarized !== true).map((turn) => turn.text);
}

const maxValues = 200;
const maxUserChars = 200_000;

/**
 * True when every critical argument of the call stands in the user's own words, compared by its type (GUARDRAILS,
 * "Information flow" 3). False when the tool declares none, when none is given, or when the call has an argument that the
 * reviewed definition lacks: then nothing shows that the user asked
 * for this call, and its default may be the worst one.
 */
export function argumentsFromUser(
  tool: ToolFacts,
  input: Readonly<Record<string, unknown>> | null,
  userTexts: readonly string[],
): boolean {
  if (input === null || userTexts.length === 0) return false;
  const text = userTexts.join("\n");
  if (text.length > maxUserChars || hasUndeclared(tool, input)) return false;
  let compared = 0;
  for (const { arg, type } of tool.critical) {
    const values = Object.hasOwn(input, arg) ? valuesOf(input[arg], type === "amount") : [];
    compared += values.length;
    if (compared > maxValues || !values.every((value) => standsIn(type, value, text, arg))) return false;
  }
  return compared > 0;
}

/** An argument that the reviewed definition doesn't have was labelled by nobody: it may name another recipient. */
function hasUndeclared({ input: schema, critical }: ToolFacts, input: Readonly<Record<string, unknown>>): boolean {
  const declared = schema?.properties;
  if (typeof declared !== "object" || declared === null) return false;
  return Object.keys(input).some((name) => !Object.hasOwn(declared, name) && !critical.some(({ arg }) => arg === name));
}

/** The single values inside an argument. Money stays whole: its number alone says nothing without its currency. */
function valuesOf(value: unknown, money: boolean, depth = 0): readonly unknown[] {
  if (value === null || value === undefined || value === "") return [];
  if (typeof value !== "object") return [value];
  // too deep to compare: a value that never matches
  if (depth > 8) return [Number.NaN];
  if (money && "value" in value) return [value];
  return Object.values(value).flatMap((part) => valuesOf(part, money, depth + 1));
}
