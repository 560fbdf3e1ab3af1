import { hash } from "node:crypto";
import { detect, detectorVersions, type Finding, replaceFindings } from "@mandate/detectors";
import type { Decision, DecisionRequest } from "@mandate/model";
import { type Refusal, refuse, refusalOf } from "../http/refusal.ts";
import type { ContentCheck } from "../pipeline/call.ts";
import { undetectableRefusal } from "../pipeline/obligations.ts";
import { detectIn } from "../pipeline/question.ts";
import type { TokenBook } from "../pipeline/token-book.ts";
import { isMembers, type Members } from "../surfaces/fields.ts";
import { decide, type McpContext } from "./context.ts";

const maxTexts = 100_000;

/** Members whose strings are bytes in base64: no detector reads those, so their content counts as uninspected. */
const binary = new Set(["data", "blob"]);

/** Every text of a message, names of members included: a schema or a map can carry words in either. */
export function textsOf(value: unknown): string[] {
  const texts: string[] = [];
  const walk = (at: unknown, member: string, siblings: Members | null): void => {
    if (texts.length > maxTexts) throw new RangeError("more texts than can be checked");
    if (typeof at === "string") {
      if (!(binary.has(member) && typeof siblings?.mimeType === "string")) texts.push(at);
    } else if (Array.isArray(at)) for (const inner of at) walk(inner, member, null);
    else if (isMembers(at))
      for (const [name, inner] of Object.entries(at)) {
        if (name.length > 16) texts.push(name);
        walk(inner, name, at);
      }
  };
  walk(value, "", null);
  return texts;
}

export interface Checked {
  readonly check: ContentCheck;
  readonly refusal: Refusal | null;
  /** With its masks set, where a rule asks for them. */
  readonly value: Members;
  /** Classes of data that are left in it. */
  readonly classes: readonly string[];
  /** Null: nothing was replaced. */
  readonly masked: MaskRecord | null;
}

/** For the record: what was replaced, and the message before and after. */
export interface MaskRecord {
  readonly types: readonly string[];
  readonly count: number;
  readonly foundHash: string;
  readonly sentHash: string;
}

/**
 * Reads what a server or a client sends and asks the rules again about what was found in it. A check that failed refuses
 * (G11). INVARIANT: `passed` is written here alone.
 * @param whose `The server's answer`, for the refusal's sentence
 */
export function checkContent(context: McpContext, request: DecisionRequest, decision: Decision, value: Members, whose: string): Checked {
  const base = { detectors: detectorVersions, types: [] as readonly string[], chars: 0 };
  try {
    const texts = textsOf(value);
    const chars = texts.reduce((sum, text) => sum + text.length, 0);
    const found = detectIn(texts);
    const check = { ...base, types: found.types, chars };
    const tokens = context.tokens();
    if (found.types.length === 0 && tokens.size === 0) return { check: { ...check, result: "passed" }, refusal: null, value, classes: [], masked: null };
    const again = decide(context, { ...request, now: Math.floor(context.runtime.now() / 1000), data: { ...request.data, classes: [...new Set([...request.data.classes, ...found.classes])] } });
    if (again.outcome !== "allow") {
      const refusal = refusalOf(again);
      // Nobody is asked about words that came back: a hold is bound to a request.
      const code = again.outcome === "hold" ? ("policy" as const) : refusal.code;
      return { check: { ...check, result: "found" }, refusal: { ...refusal, code, reason: `${whose} was withheld. ${refusal.reason}` }, value, classes: found.classes, masked: null };
    }
    const met = mask(value, [...decision.obligations, ...again.obligations], tokens, "received");
    if ("refusal" in met) return { check: { ...check, result: "found" }, refusal: met.refusal, value, classes: found.classes, masked: null };
    // What was taken out isn't there to be seen: a class that is gone labels nobody (GUARDRAILS, Information flow 6).
    const classes = met.value === value ? found.classes : detectIn(textsOf(met.value)).classes;
    return { check: { ...check, result: met.record === null ? "passed" : "found" }, refusal: null, value: met.value, classes, masked: met.record };
  } catch (error) {
    context.runtime.options.log.error("detectors.failed", { decision: context.exchange.decisionId, error: error instanceof Error ? error.name : "unknown" });
    return {
      check: { ...base, result: "failed" },
      refusal: refuse("control_unavailable", `${whose} could not be checked, so it was withheld.`, "Repeat the call; if it stays so, tell the person who runs Mandate."),
      value,
      classes: [],
      masked: null,
    };
  }
}

/**
 * What rules want masked or in tokens, so; what they want and can't have refuses.
 * @param side `sent`: a token stands for its value from now on. `received`: the sender's own values get tokens without a
 *   way back, and those of what was sent before are restored to whoever sent them
 */
export function mask(value: Members, obligations: Decision["obligations"], tokens: TokenBook, side: "sent" | "received"): { value: Members; record: MaskRecord | null } | { refusal: Refusal } {
  const masks = new Set<string>();
  const tokenized = new Set<string>();
  for (const obligation of obligations) {
    if (obligation.kind === "redact") for (const type of obligation.types) masks.add(type);
    else if (obligation.kind === "tokenize") for (const type of obligation.types) tokenized.add(type);
    else if (obligation.kind === "cap") {
      const asked = value[obligation.field];
      if (asked !== undefined && (typeof asked !== "number" || asked > obligation.max))
        return { refusal: refuse("policy", `A rule allows \`${obligation.field}\` up to ${obligation.max}.`, `Send \`${obligation.field}\` of ${obligation.max} or less.`, obligation.field) };
    }
  }
  const types = [...masks, ...tokenized];
  const restores = side === "received" && tokens.size > 0;
  if (types.length === 0 && !restores) return { value, record: null };
  const unseen = undetectableRefusal(types);
  if (unseen !== null) return { refusal: unseen };
  const replaced: string[] = [];
  const replace = (finding: Finding, found: string): string => {
    replaced.push(finding.type);
    const named = (set: ReadonlySet<string>): boolean => set.has(finding.type) || (finding.type.startsWith("secret.") && set.has("secret"));
    if (named(masks) || !named(tokenized)) return `[${finding.type.toUpperCase()}]`;
    return side === "sent" ? tokens.put(finding.type, found) : tokens.nameOf(finding.type, found);
  };
  let changed = false;
  const inText = (at: string): string => {
    const hidden = at.length < 4 || types.length === 0 || detect(at).length === 0 ? at : replaceFindings(at, types, replace).text;
    // A tool's text is often JSON itself: a value that goes back must stay inside its string.
    const text = restores ? tokens.restore(hidden, /^\s*[[{]/.test(hidden)) : hidden;
    changed ||= text !== at;
    return text;
  };
  const walk = (at: unknown): unknown => {
    if (typeof at === "string") return inText(at);
    if (Array.isArray(at)) return at.map(walk);
    return isMembers(at) ? Object.fromEntries(Object.entries(at).map(([name, inner]) => [name, walk(inner)])) : at;
  };
  const made = walk(value) as Members;
  if (!changed) return { value, record: null };
  const record = replaced.length === 0 ? null : { types: [...new Set(replaced)], count: replaced.length, foundHash: hashOf(value), sentHash: hashOf(made) };
  return { value: made, record };
}

function hashOf(value: Members): string {
  return hash("sha256", JSON.stringify(value), "hex");
}
