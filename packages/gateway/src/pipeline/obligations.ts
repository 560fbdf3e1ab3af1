import { hash } from "node:crypto";
import { type Finding, replaceFindings, undetectable } from "@mandate/detectors";
import type { Obligation } from "@mandate/model";
import { type Refusal, refuse } from "../http/refusal.ts";
import { isMembers, type Members } from "../surfaces/fields.ts";
import { TokenBook } from "./token-book.ts";

/** Members whose strings steer the call rather than carry content: masking them would change what was decided. */
const kept = new Set(["model", "role", "type", "id", "tool_call_id", "tool_use_id", "call_id", "name"]);

export interface Met {
  readonly body: Buffer;
  readonly changed: boolean;
  /** Set while a rule asks for tokens: the answer's are restored from it. */
  readonly tokens: TokenBook | null;
  /** For the intent: what was replaced, and the body's hash after (the one before is the request's). Null: nothing. */
  readonly record: { readonly types: readonly string[]; readonly count: number; readonly sentHash: string } | null;
}

export interface TokenScope {
  readonly key: Uint8Array;
  readonly system: string;
  /** Id of the session; without one, of the credential. */
  readonly session: string;
}

/**
 * The request with its obligations met, or why they can't be. A body without obligations stays the same bytes; one we
 * can't carry out refuses (G11).
 * @param unread some of the request's content is out of every check's sight
 */
export function meetObligations(
  obligations: readonly Obligation[],
  value: Members,
  body: Buffer,
  scope: TokenScope,
  unread: boolean,
): Met | { refusal: Refusal } {
  const masks = new Set<string>();
  const tokenized = new Set<string>();
  for (const obligation of obligations) {
    if (obligation.kind === "redact") for (const type of obligation.types) masks.add(type);
    else if (obligation.kind === "tokenize") for (const type of obligation.types) tokenized.add(type);
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
  const types = [...masks, ...tokenized];
  if (types.length === 0) return { body, changed: false, tokens: null, record: null };
  const unseen = undetectableRefusal(types) ?? (unread ? unreadRefusal : null);
  if (unseen !== null) return { refusal: unseen };

  const tokens = tokenized.size === 0 ? null : new TokenBook(scope.key, scope.system, scope.session);
  const replaced: string[] = [];
  const replace = (finding: Finding, found: string): string => {
    replaced.push(finding.type);
    const masked = masks.has(finding.type) || (finding.type.startsWith("secret.") && masks.has("secret"));
    return masked || tokens === null ? `[${finding.type.toUpperCase()}]` : tokens.put(finding.type, found);
  };
  const sent = Buffer.from(JSON.stringify(withReplaced(value, (text) => replaceFindings(text, types, replace).text, null)), "utf8");
  const record = { types: [...new Set(replaced)], count: replaced.length, sentHash: hash("sha256", sent, "hex") };
  return replaced.length === 0 ? { body, changed: false, tokens, record: null } : { body: sent, changed: true, tokens, record };
}

/** A rule that names what nobody can find isn't met by finding nothing. */
export function undetectableRefusal(types: readonly string[]): Refusal | null {
  const unknown = undetectable(types);
  return unknown.length === 0
    ? null
    : refuse(
        "policy",
        `A rule masks ${unknown.map((type) => `\`${type}\``).join(", ")}, which no detector of this gateway finds.`,
        "Have the rule name types that can be found; `mandate detect` lists them.",
        unknown[0],
      );
}

const unreadRefusal = refuse(
  "policy",
  "A rule masks what this call sends, and part of it can't be read: an image, a file, or history kept at the provider.",
  "Send the content as text, and the conversation whole.",
);

function withReplaced(value: unknown, replace: (text: string) => string, member: string | null): unknown {
  if (typeof value === "string") return member !== null && kept.has(member) ? value : replace(value);
  if (Array.isArray(value)) return value.map((element) => withReplaced(element, replace, member));
  if (isMembers(value))
    return Object.fromEntries(Object.entries(value).map(([name, inner]) => [name, withReplaced(inner, replace, name)]));
  return value;
}
