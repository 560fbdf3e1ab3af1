import { redact } from "@mandate/detectors";
import type { Obligation } from "@mandate/model";
import { type Refusal, refuse } from "../http/refusal.ts";
import { isMembers, type Members } from "../surfaces/fields.ts";

/** Members whose strings steer the call rather than carry content: masking them would change what was decided. */
const kept = new Set(["model", "role", "type", "id", "tool_call_id", "tool_use_id", "call_id", "name"]);

/**
 * The request with its obligations met, or why they can't be. A body without obligations stays the same bytes; one we
 * can't carry out refuses (G11).
 */
export function meetObligations(
  obligations: readonly Obligation[],
  value: Members,
  body: Buffer,
): { body: Buffer; changed: boolean } | { refusal: Refusal } {
  const types = new Set<string>();
  for (const obligation of obligations) {
    if (obligation.kind === "redact") for (const type of obligation.types) types.add(type);
    else if (obligation.kind === "tokenize")
      return {
        refusal: refuse(
          "policy",
          "A rule asks for tokens in place of personal data, which this gateway can't put in.",
          "Use `redact` in the rule.",
        ),
      };
    else if (obligation.kind === "cap") {
      const asked = value[obligation.field];
      if (typeof asked !== "number" || asked > obligation.max) {
        return {
          refusal: refuse(
            "policy",
            `A rule allows \`${obligation.field}\` up to ${obligation.max}.`,
            `Send \`${obligation.field}\` of ${obligation.max} or less.`,
            obligation.field,
          ),
        };
      }
    }
  }
  if (types.size === 0) return { body, changed: false };
  return { body: Buffer.from(JSON.stringify(masked(value, [...types], null)), "utf8"), changed: true };
}

function masked(value: unknown, types: readonly string[], member: string | null): unknown {
  if (typeof value === "string") return member !== null && kept.has(member) ? value : redact(value, types).text;
  if (Array.isArray(value)) return value.map((element) => masked(element, types, member));
  if (isMembers(value))
    return Object.fromEntries(Object.entries(value).map(([name, inner]) => [name, masked(inner, types, name)]));
  return value;
}
