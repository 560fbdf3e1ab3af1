/** One row of two texts side by side: `null` where a side has no such line. */
export interface LinePair {
  readonly old: string | null;
  readonly new: string | null;
  readonly same: boolean;
}

/** Past this many pairs the texts are shown whole, one after the other. */
const maxCells = 4_000_000;
const around = 2;

/** Lines of both texts in order, by their longest common subsequence; what is the same and far from a change is left out. */
export function linePairs(before: string, after: string): LinePair[] {
  const [a, b] = [before.trimEnd().split("\n"), after.trimEnd().split("\n")];
  const pairs = a.length * b.length > maxCells ? [...a.map(removed), ...b.map(added)] : aligned(a, b);
  const near = (at: number): boolean => pairs.slice(Math.max(0, at - around), at + around + 1).some((pair) => !pair.same);
  return pairs.filter((_pair, at) => near(at));
}

const removed = (line: string): LinePair => ({ old: line, new: null, same: false });
const added = (line: string): LinePair => ({ old: null, new: line, same: false });

function aligned(a: readonly string[], b: readonly string[]): LinePair[] {
  const lengths = Array.from({ length: a.length + 1 }, () => new Uint32Array(b.length + 1));
  for (let i = a.length - 1; i >= 0; i -= 1)
    for (let j = b.length - 1; j >= 0; j -= 1) lengths[i]![j] = a[i] === b[j] ? lengths[i + 1]![j + 1]! + 1 : Math.max(lengths[i + 1]![j]!, lengths[i]![j + 1]!);
  const pairs: LinePair[] = [];
  let [i, j] = [0, 0];
  while (i < a.length || j < b.length) {
    if (i < a.length && j < b.length && a[i] === b[j]) pairs.push({ old: a[i++]!, new: b[j++]!, same: true });
    else if (j >= b.length || (i < a.length && lengths[i + 1]![j]! >= lengths[i]![j + 1]!)) pairs.push(removed(a[i++]!));
    else pairs.push(added(b[j++]!));
  }
  return beside(pairs);
}

/** A removed line and the added one that follows it stand in one row: what changed is read across. */
function beside(pairs: readonly LinePair[]): LinePair[] {
  const rows: LinePair[] = [];
  let waiting: string[] = [];
  const flush = (): void => {
    rows.push(...waiting.map(removed));
    waiting = [];
  };
  for (const pair of pairs) {
    if (pair.old !== null && !pair.same) waiting.push(pair.old);
    else if (pair.same) {
      flush();
      rows.push(pair);
    } else rows.push({ old: waiting.shift() ?? null, new: pair.new, same: false });
  }
  flush();
  return rows;
}
