import { detect, detectorVersions, redact } from "@mandate/detectors";
import type { Decision, DecisionRequest } from "@mandate/model";
import { type Refusal, refuse, refusalOf } from "../http/refusal.ts";
import type { ContentCheck } from "../pipeline/call.ts";
import { undetectableRefusal } from "../pipeline/obligations.ts";
import { detectIn } from "../pipeline/question.ts";
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
  /** Classes of data that were found. */
  readonly classes: readonly string[];
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
    if (found.types.length === 0) return { check: { ...check, result: "passed" }, refusal: null, value, classes: [] };
    const again = decide(context, { ...request, now: Math.floor(context.runtime.now() / 1000), data: { ...request.data, classes: [...new Set([...request.data.classes, ...found.classes])] } });
    if (again.outcome !== "allow") {
      const refusal = refusalOf(again);
      // Nobody is asked about words that came back: a hold is bound to a request.
      const code = again.outcome === "hold" ? ("policy" as const) : refusal.code;
      return { check: { ...check, result: "found" }, refusal: { ...refusal, code, reason: `${whose} was withheld. ${refusal.reason}` }, value, classes: found.classes };
    }
    const masked = mask(value, [...decision.obligations, ...again.obligations]);
    if ("refusal" in masked) return { check: { ...check, result: "found" }, refusal: masked.refusal, value, classes: found.classes };
    return { check: { ...check, result: masked.changed ? "found" : "passed" }, refusal: null, value: masked.value, classes: found.classes };
  } catch (error) {
    context.runtime.options.log.error("detectors.failed", { decision: context.exchange.decisionId, error: error instanceof Error ? error.name : "unknown" });
    return {
      check: { ...base, result: "failed" },
      refusal: refuse("control_unavailable", `${whose} could not be checked, so it was withheld.`, "Repeat the call; if it stays so, tell the person who runs Mandate."),
      value,
      classes: [],
    };
  }
}

/** What rules want masked, masked; what they want and can't have refuses. */
export function mask(value: Members, obligations: Decision["obligations"]): { value: Members; changed: boolean } | { refusal: Refusal } {
  const types = new Set<string>();
  for (const obligation of obligations) {
    if (obligation.kind === "redact") for (const type of obligation.types) types.add(type);
    else if (obligation.kind === "tokenize")
      return { refusal: refuse("policy", "A rule asks for tokens in place of personal data, which this gateway can't put into MCP messages.", "Use `redact` in the rule.") };
    else if (obligation.kind === "cap") {
      const asked = value[obligation.field];
      if (asked !== undefined && (typeof asked !== "number" || asked > obligation.max))
        return { refusal: refuse("policy", `A rule allows \`${obligation.field}\` up to ${obligation.max}.`, `Send \`${obligation.field}\` of ${obligation.max} or less.`, obligation.field) };
    }
  }
  if (types.size === 0) return { value, changed: false };
  const unseen = undetectableRefusal([...types]);
  if (unseen !== null) return { refusal: unseen };
  let changed = false;
  const walk = (at: unknown): unknown => {
    if (typeof at === "string") {
      if (at.length < 4 || detect(at).length === 0) return at;
      const text = redact(at, [...types]).text;
      changed ||= text !== at;
      return text;
    }
    if (Array.isArray(at)) return at.map(walk);
    return isMembers(at) ? Object.fromEntries(Object.entries(at).map(([name, inner]) => [name, walk(inner)])) : at;
  };
  const masked = walk(value) as Members;
  return { value: masked, changed };
}
