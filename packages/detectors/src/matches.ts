import type { Finding, FindingClass } from "./types.ts";

const none: readonly RegExpExecArray[] = [];

/**
 * All matches of a pattern with the `g` flag. `String.matchAll` makes a copy of the pattern each time: with two dozen
 * patterns that match nothing in most texts, the copies cost more than the search.
 */
export function matchesOf(text: string, pattern: RegExp): readonly RegExpExecArray[] {
  pattern.lastIndex = 0;
  let match = pattern.exec(text);
  if (match === null) return none;
  const matches: RegExpExecArray[] = [];
  for (; match !== null; match = pattern.exec(text)) {
    matches.push(match);
    if (match[0] === "") pattern.lastIndex += 1;
  }
  return matches;
}

/** Findings of one pattern whose matches pass `accept`. The pattern has the `g` flag. */
export function findMatches(
  text: string,
  pattern: RegExp,
  found: { readonly type: string; readonly class: FindingClass },
  accept: (match: string) => number | null,
): readonly Finding[] {
  const findings: Finding[] = [];
  for (const match of matchesOf(text, pattern)) {
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
