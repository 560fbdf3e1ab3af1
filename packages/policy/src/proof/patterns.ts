import { matchesPattern } from "../cedar/like-pattern.ts";
import type { Pattern } from "../cedar/like-pattern.ts";

const maxStates = 4000;
/** In no pattern: what any other character does to it. */
const elsewhere = "\u{e000}";

/**
 * Which patterns a text can match at once and which not, each combination with a text that has it: the product of the
 * patterns as automata, walked breadth first. The key has a 1 for each pattern matched. Null where it would be too large.
 */
export function classesOf(patterns: readonly Pattern[]): ReadonlyMap<string, string> | null {
  const elements = patterns.map((pattern) => pattern.flatMap((segment, index) => [...(index > 0 ? ["*"] : []), ...segment.split("").map((character) => `=${character}`)]));
  const alphabet = [...new Set(patterns.flatMap((pattern) => pattern.join("").split(""))), elsewhere];
  const start = elements.map((pattern) => closed(pattern, [0]));
  const seen = new Set([JSON.stringify(start)]);
  const found = new Map<string, string>();
  const queue: { readonly states: readonly (readonly number[])[]; readonly text: string }[] = [{ states: start, text: "" }];
  for (const { states, text } of queue) {
    const key = states.map((positions, index) => (positions.includes(elements[index]!.length) ? "1" : "0")).join("");
    if (!found.has(key)) found.set(key, text);
    for (const character of alphabet) {
      const next = states.map((positions, index) => step(elements[index]!, positions, character));
      const name = JSON.stringify(next);
      if (seen.has(name)) continue;
      if (seen.size >= maxStates) return null;
      seen.add(name);
      queue.push({ states: next, text: text + character });
    }
  }
  return found;
}

function step(pattern: readonly string[], positions: readonly number[], character: string): readonly number[] {
  const next = positions.flatMap((position) => (pattern[position] === "*" ? [position] : pattern[position] === `=${character}` ? [position + 1] : []));
  return closed(pattern, next);
}

/** A wildcard may also match nothing. */
function closed(pattern: readonly string[], positions: readonly number[]): readonly number[] {
  const all = new Set(positions);
  for (const position of all) if (pattern[position] === "*") all.add(position + 1);
  return [...all].sort((a, b) => a - b);
}

/** A text that matches exactly what `example` matches and is none of those taken; null when none is found near it. */
export function anotherLike(example: string, patterns: readonly Pattern[], taken: (text: string) => boolean): string | null {
  const wanted = patterns.map((pattern) => matchesPattern(example, pattern)).join();
  const plain = example.replaceAll(elsewhere, "x");
  for (let tried = 0; tried < 40; tried += 1) {
    const more = tried === 0 ? "" : `${tried}`;
    for (let at = 0; at <= plain.length; at += 1) {
      const text = plain.slice(0, at) + more + plain.slice(at);
      if (!taken(text) && patterns.map((pattern) => matchesPattern(text, pattern)).join() === wanted) return text;
      if (more === "") break;
    }
  }
  return null;
}
