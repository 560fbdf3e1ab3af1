/** A `like` pattern: the texts between its wildcards. */
export type Pattern = readonly string[];

/** Greedy: linear in the text for each segment, so no pattern backtracks. */
export function matchesPattern(value: string, segments: Pattern): boolean {
  const first = segments[0]!;
  const last = segments.at(-1)!;
  if (segments.length === 1) return value === first;
  if (!value.startsWith(first) || value.length < first.length + last.length || !value.endsWith(last)) return false;
  let position = first.length;
  for (const segment of segments.slice(1, -1)) {
    const found = value.indexOf(segment, position);
    if (found < 0) return false;
    position = found + segment.length;
  }
  return position <= value.length - last.length;
}
