import type { TracedRule } from "../../components/explanation.ts";
import { readPolicy } from "./policy-text.ts";

/**
 * A policy's text with the limit of one rule moved as far as the call needs, no further.
 * @returns null where no single number stands between the call and the rule
 */
export function raised(text: string, rule: Pick<TracedRule, "id" | "passes">): string | null {
  const line = readPolicy(text).lineOfRule.get(rule.id);
  if (line === undefined || rule.passes.length !== 1) return null;
  const [{ needs, is }] = rule.passes as [TracedRule["passes"][number]];
  const parts = /^(\S+) (<=?|>=?) -?\d+(?:\.\d+)?$/.exec(needs);
  if (parts === null || is === null || !/^-?\d+(?:\.\d+)?$/.test(is)) return null;
  const start = text.split("\n").slice(0, line - 1).join("\n").length;
  const at = text.indexOf(needs, start);
  if (at < 0) return null;
  return `${text.slice(0, at)}${parts[1]} ${parts[2]!.slice(0, 1)}= ${is}${text.slice(at + needs.length)}`;
}
