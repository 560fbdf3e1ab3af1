/** What is wrong with a manifest, said to the person who wrote it. */
export interface ManifestProblem {
  readonly file: string;
  /** One-based. */
  readonly line: number;
  readonly column: number;
  /** Field path inside the document, `spec.owners.business`; empty for the document as a whole. */
  readonly field: string;
  readonly message: string;
  readonly remedy: string;
}

export function fieldText(path: readonly PropertyKey[]): string {
  return path.reduce<string>((text, part) => (typeof part === "number" ? `${text}[${part}]` : text === "" ? String(part) : `${text}.${String(part)}`), "");
}

/** The known word nearest to `given`, when it is near enough to be meant. */
export function nearest(given: string, known: readonly string[]): string | undefined {
  const limit = Math.max(1, Math.floor(given.length / 3));
  let best: { word: string; distance: number } | undefined;
  for (const word of known) {
    const distance = editDistance(given.toLowerCase().slice(0, 60), word.toLowerCase().slice(0, 60));
    if (distance <= limit && (best === undefined || distance < best.distance)) best = { word, distance };
  }
  return best?.word;
}

function editDistance(a: string, b: string): number {
  let row = Array.from({ length: b.length + 1 }, (_, index) => index);
  for (let i = 1; i <= a.length; i++) {
    const next = [i];
    for (let j = 1; j <= b.length; j++) {
      next.push(Math.min(row[j]! + 1, next[j - 1]! + 1, row[j - 1]! + (a[i - 1] === b[j - 1] ? 0 : 1)));
    }
    row = next;
  }
  return row[b.length]!;
}
