import type { Finding, FindingClass } from "./types.ts";

/** Findings of one pattern whose matches pass `accept`. The pattern has the `g` flag. */
export function findMatches(
  text: string,
  pattern: RegExp,
  found: { readonly type: string; readonly class: FindingClass },
  accept: (match: string) => number | null,
): readonly Finding[] {
  const findings: Finding[] = [];
  for (const match of text.matchAll(pattern)) {
    const confidence = accept(match[0]);
    if (confidence !== null) {
      findings.push({
        type: found.type,
        class: found.class,
        start: match.index,
        end: match.index + match[0].length,
        confidence,
      });
    }
  }
  return findings;
}
