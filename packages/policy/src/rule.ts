import { type HoldTerms, type Obligation, type RefusalCode, refusals, type Remedy } from "@mandate/model";
import type { CompiledPolicy } from "./cedar/policy-set.ts";

/** A compiled policy with what its annotations say a decision needs. Look-ups only: nothing is worked out on the path. */
export interface Rule {
  readonly id: string;
  readonly policy: CompiledPolicy;
  readonly guardrail: boolean;
  /** `status`: the code the register gives for the system. */
  readonly code: RefusalCode | "status";
  /** Which detail `Decision.param` names. */
  readonly slot: string | null;
  readonly because: string;
  readonly remedies: readonly Remedy[];
  readonly hold: HoldTerms | null;
  readonly obligations: readonly Obligation[];
}

export function ruleOf(policy: CompiledPolicy, id: string, guardrail: boolean): Rule {
  const { annotations } = policy;
  const hold = annotations.hold === undefined ? null : parseHold(annotations.hold);
  return {
    id,
    policy,
    guardrail,
    // INVARIANT: a custom policy can't choose its code, or it could dress a refusal up as another
    code: guardrail ? codeOf(annotations.code) : "policy",
    slot: guardrail ? (annotations.param ?? null) : null,
    because: annotations.because ?? "A policy of your organization refuses it.",
    remedies: remediesOf(annotations),
    hold,
    obligations: annotations.obligation === undefined ? [] : parseObligations(annotations.obligation),
  };
}

function codeOf(code: string | undefined): RefusalCode | "status" {
  if (code === "status") return code;
  return code !== undefined && Object.hasOwn(refusals, code) ? (code as RefusalCode) : "policy";
}

const fallbackRemedy: Remedy = { text: "Ask one of the system's owners, or change the call so that the rule is met." };

function remediesOf(annotations: Readonly<Record<string, string>>): readonly Remedy[] {
  if (annotations.remedies !== undefined) return parseRemedies(annotations.remedies);
  if (annotations.remedy === undefined) return [fallbackRemedy];
  const { remedy: text, command } = annotations;
  return [command === undefined ? { text } : { text, command }];
}

function parseRemedies(json: string): readonly Remedy[] {
  let parsed: unknown;
  try {
    parsed = JSON.parse(json);
  } catch {
    throw new AnnotationError("`@remedies` isn't a JSON list");
  }
  const remedies = (Array.isArray(parsed) ? parsed : []).flatMap((item: unknown): readonly Remedy[] => {
    if (typeof item !== "object" || item === null) return [];
    const { text, command, url } = item as Readonly<Record<string, unknown>>;
    if (typeof text !== "string" || text === "") return [];
    return [{ text, ...(typeof command === "string" ? { command } : {}), ...(typeof url === "string" ? { url } : {}) }];
  });
  return remedies.length === 0 ? [fallbackRemedy] : remedies;
}

/** An annotation that can't be read. The policy that carries it is refused whole: half a rule is worse than none. */
export class AnnotationError extends Error {
  override readonly name = "AnnotationError";
}

const maxHoldSeconds = 7 * 86_400;
const unitSeconds: Readonly<Record<string, number>> = { s: 1, m: 60, h: 3600, d: 86_400 };

/** `30m`, `8h`, `1d` in seconds. */
export function parseWithin(text: string): number {
  const match = /^([1-9]\d{0,5})([smhd])$/.exec(text);
  const seconds = match === null ? Number.NaN : Number(match[1]) * unitSeconds[match[2]!]!;
  if (!(seconds <= maxHoldSeconds))
    throw new AnnotationError(`\`${text.slice(0, 20)}\` is no time like 30m, at most 7d`);
  return seconds;
}

/** `@hold("care-leads;1;30m")`; the empty text means the owners, for 30 minutes. */
export function parseHold(text: string): HoldTerms {
  const [group = "", count = "1", within = "30m", ...rest] = text.split(";");
  if (rest.length > 0 || !/^[1-9]\d?$/.test(count)) throw new AnnotationError("`@hold` is written `group;count;30m`");
  return {
    approvers: [{ group: group === "" ? "owners" : group, count: Number(count) }],
    withinSeconds: parseWithin(within),
  };
}

/** `redact person,address; cap max_tokens=1000; log metadata`. */
export function parseObligations(text: string): readonly Obligation[] {
  return text
    .split(";")
    .map((part) => part.trim())
    .filter((part) => part !== "")
    .map(parseObligation);
}

function parseObligation(text: string): Obligation {
  const space = text.indexOf(" ");
  const kind = text.slice(0, space);
  const rest = text.slice(space + 1).trim();
  if (kind === "redact" || kind === "tokenize") {
    const types = rest.split(",").map((type) => type.trim());
    if (types.every((type) => /^[a-z][\w.]{0,63}$/.test(type))) return { kind, types };
  }
  const cap = kind === "cap" ? /^(\w{1,64})=(\d{1,15})$/.exec(rest) : null;
  if (cap !== null) return { kind: "cap", field: cap[1]!, max: Number(cap[2]) };
  if (kind === "log" && (rest === "metadata" || rest === "redacted" || rest === "full")) return { kind, detail: rest };
  throw new AnnotationError(
    "`@obligation` is written `redact TYPE,TYPE`, `tokenize TYPE`, `cap FIELD=MAX` or `log DETAIL`",
  );
}
