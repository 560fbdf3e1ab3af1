/** Entry types, file names and events look like codes; they are none. */
const notCodes = /^(?:call|decision|model|tool|data|role|approval|evidence)\.(?:intent|outcome|call|export|grant|read|erasure|failed|intent_failed|outcome_failed|stored_failed|decision_failed)$/;

/**
 * Codes that a source can answer: `code: "…"`, and the dotted first word of a call (`refuse("a.b", …)`, `base(400, "a.b")`),
 * and the table of the gateway's edge.
 */
export function codesIn(source: string): string[] {
  const named = [...source.matchAll(/\bcode: "([a-z_]+(?:\.[a-z_]+)?)"/g)].map((match) => match[1]!);
  const passed = [...source.matchAll(/\b(?:refuse|refused|fault|conflict|base|notFound|problem|problems|report|add|invalid)\(\s*(?:\d+,\s*)?"([a-z]+\.[a-z_]+)"/g)].map((match) => match[1]!);
  const edge = [...source.matchAll(/\bedgeStatus = \{([^}]*)\}/g)].flatMap((table) => [...table[1]!.matchAll(/([a-z_]+):/g)].map((match) => match[1]!));
  return [...named, ...passed, ...edge].filter((code) => !notCodes.test(code));
}

/** Codes in the first column of the page's tables. */
export function documentedCodes(page: string): string[] {
  return [...page.matchAll(/^\| `([a-z_.]+)` \|/gm)].map((match) => match[1]!);
}

export function undocumented(sources: readonly string[], page: string): string[] {
  const known = new Set(documentedCodes(page));
  return [...new Set(sources.flatMap(codesIn))].filter((code) => !known.has(code)).sort();
}
