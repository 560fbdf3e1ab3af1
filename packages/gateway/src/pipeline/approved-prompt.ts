import { hash } from "node:crypto";
import type { PromptFacts, PromptSlotFacts, SystemFacts } from "@mandate/model";
import type { Turn } from "@mandate/policy";
import { type Refusal, refuse } from "../http/refusal.ts";
import type { Runtime } from "./runtime.ts";

/** How a system turn stands to the authorized templates. */
export type PromptMatch =
  /** Word for word, its slots too narrow to carry instructions. */
  | "vouched"
  /** The template, with free text in a slot: the approved version, but anybody may have written what is in it. */
  | "filled"
  | "outside";

/**
 * Fixed segments stand word for word, slots hold what their type allows. A slot ends where the next segment first
 * appears, so reading is one pass over the text and no slot can swallow a segment (G6).
 */
export function matchPrompt(text: string, prompts: readonly PromptFacts[]): PromptMatch {
  let best: PromptMatch = "outside";
  for (const prompt of prompts) {
    const slots = slotsOf(text, prompt);
    if (slots === null) continue;
    if (prompt.slots.every((slot) => narrow(slot))) return "vouched";
    best = "filled";
  }
  return best;
}

function slotsOf(text: string, { segments, slots }: PromptFacts): string[] | null {
  const [first = "", ...rest] = segments;
  if (!text.startsWith(first)) return null;
  let at = first.length;
  const found: string[] = [];
  for (const [index, segment] of rest.entries()) {
    const last = index === rest.length - 1;
    const end = last ? text.length - segment.length : segment === "" ? -1 : text.indexOf(segment, at);
    // Two slots without anything between them can't be told apart.
    if (end < at || (last && !text.endsWith(segment))) return null;
    const value = text.slice(at, end);
    if (!fits(value, slots[index])) return null;
    found.push(value);
    at = end + segment.length;
  }
  return at === text.length ? found : null;
}

const types: Readonly<Record<PromptSlotFacts["type"], RegExp>> = {
  text: /^[\s\S]*$/,
  date: /^\d{4}-\d{2}-\d{2}(?:T[\d:.]{5,12}(?:Z|[+-]\d{2}:\d{2})?)?$/,
  number: /^-?\d{1,18}(?:[.,]\d{1,6})?$/,
  id: /^[\w.:@/-]*$/,
};
const charsets: Readonly<Record<PromptSlotFacts["charset"], RegExp>> = {
  any: /^[\s\S]*$/,
  letters: /^[\p{L}\p{M} '-]*$/u,
  digits: /^\d*$/,
  alphanumeric: /^[\p{L}\p{M}\d '-]*$/u,
};

function fits(value: string, slot: PromptSlotFacts | undefined): boolean {
  return slot !== undefined && value.length <= slot.maxLength && types[slot.type].test(value) && charsets[slot.charset].test(value);
}

/** Long enough for a name, too short for a paragraph of instructions. */
const maxNarrowLetters = 64;

function narrow(slot: PromptSlotFacts): boolean {
  if (slot.type === "date" || slot.type === "number") return true;
  if (slot.type === "id" || slot.charset === "digits") return slot.maxLength <= 256;
  return slot.charset !== "any" && slot.maxLength <= maxNarrowLetters;
}

export interface ComparedPrompts {
  readonly turns: readonly Turn[];
  /** The first system turn that no authorized template holds; null: none, or nothing to compare with. */
  readonly outside: string | null;
}

/** Lower-case hex: how a text is named without being told. */
export const promptHash = (text: string): string => hash("sha256", text, "hex");

/** A system turn from an authorized template doesn't taint its session; one outside every template is a difference. */
export function comparePrompts(turns: readonly Turn[], prompts: readonly PromptFacts[], accepted: readonly string[] = []): ComparedPrompts {
  if (prompts.length === 0) return { turns, outside: null };
  let outside: string | null = null;
  const compared = turns.map((turn) => {
    if (turn.role !== "system" || turn.text.trim() === "") return turn;
    const match = matchPrompt(turn.text, prompts);
    // Found fine word for word: it may be sent, and still taints, because nobody said who filled it.
    if (match === "outside" && !(accepted.length > 0 && accepted.includes(promptHash(turn.text)))) outside ??= turn.text;
    return match === "vouched" ? { ...turn, approved: true } : turn;
  });
  return { turns: compared, outside };
}

/**
 * Reported once a text; the text stays out of the report, because it may hold anything. T2 and T3 are refused; T0 and
 * T1 run on while it is assessed, as with a served model that isn't listed.
 */
export function promptRefusal(runtime: Runtime, system: SystemFacts, outside: string, decisionId: string): Refusal[] {
  const digest = promptHash(outside);
  const names = (system.prompts ?? []).map((prompt) => prompt.name).join(", ");
  runtime.options.control.report({
    key: `prompt:${system.name}:${digest}`,
    system: system.name,
    kind: "prompt_outside_template",
    title: `${system.title} sent a system prompt outside its templates`,
    detail: `It matches none of ${names}. Decision ${decisionId} holds its text.`,
    change: { trigger: "prompt", subject: `prompt:sha256:${digest}`, old: names, new: `sha256:${digest}, in decision ${decisionId}` },
  });
  if (system.parameters.unlistedServedModelGraceDays > 0) return [];
  return [
    refuse(
      "reassessment_required",
      `The system prompt matches none of the approved templates (${names}).`,
      { text: "Send the approved template, or have this one assessed: its reassessment is open, and found fine it may be sent as it is.", command: `mandate reassessment list --system ${system.name}` },
      `prompt:sha256:${digest}`,
    ),
  ];
}
