import type { PolicyFacts } from "@mandate/model";

export interface RuleTerms {
  /** Why, in the rules' own words. */
  readonly because: readonly string[];
  /** At least one of them asks a person. */
  readonly holds: boolean;
}

const statement = /(?:@\w+\("(?:[^"\\]|\\.)*"\)\s*)+\s*(?:forbid|permit)\s*\(([^)]*)\)/g;
const resource = /resource\s*==\s*Mandate::(Tool|Model|Destination)::"((?:[^"\\]|\\.)*)"/;

/**
 * What an organization's own rules say of each resource, by `tool:NAME`. A reading aid for the record: whether a call is
 * held is decided by the policy engine alone.
 */
export function termsByResource(policies: readonly PolicyFacts[]): ReadonlyMap<string, RuleTerms> {
  const found = new Map<string, RuleTerms>();
  for (const { cedar } of policies) {
    for (const [text, scope] of cedar.matchAll(statement)) {
      const target = resource.exec(scope ?? "");
      if (target === null) continue;
      const key = `${target[1]!.toLowerCase()}:${unquote(target[2]!)}`;
      const because = /@because\("((?:[^"\\]|\\.)*)"\)/.exec(text)?.[1];
      const known = found.get(key) ?? { because: [], holds: false };
      found.set(key, { because: because === undefined ? known.because : [...known.because, unquote(because)], holds: known.holds || /@hold\(/.test(text) });
    }
  }
  return found;
}

function unquote(text: string): string {
  return text.replace(/\\(.)/g, "$1");
}
