const contextLines = 2;
/** Past this many line pairs the two texts are shown whole, one after the other: a diff must not take minutes. */
const maxCells = 4_000_000;

/** Unified-looking diff: ` ` same, `-` only before, `+` only after, `…` where unchanged lines are left out. */
export function lineDiff(before: readonly string[], after: readonly string[]): readonly string[] {
  if (before.length * after.length > maxCells)
    return [...before.map((line) => `-${line}`), ...after.map((line) => `+${line}`)];
  const lengths = commonLengths(before, after);
  const all: string[] = [];
  let [left, right] = [0, 0];
  while (left < before.length || right < after.length) {
    if (left < before.length && right < after.length && before[left] === after[right]) {
      all.push(` ${before[left]}`);
      left += 1;
      right += 1;
    } else if (
      right >= after.length ||
      (left < before.length && lengths[left + 1]![right]! >= lengths[left]![right + 1]!)
    ) {
      all.push(`-${before[left]}`);
      left += 1;
    } else {
      all.push(`+${after[right]}`);
      right += 1;
    }
  }
  return collapsed(all);
}

/** Longest common subsequence of every pair of suffixes. */
function commonLengths(before: readonly string[], after: readonly string[]): readonly Uint32Array[] {
  const rows = Array.from({ length: before.length + 1 }, () => new Uint32Array(after.length + 1));
  for (let left = before.length - 1; left >= 0; left -= 1) {
    for (let right = after.length - 1; right >= 0; right -= 1) {
      rows[left]![right] =
        before[left] === after[right]
          ? rows[left + 1]![right + 1]! + 1
          : Math.max(rows[left + 1]![right]!, rows[left]![right + 1]!);
    }
  }
  return rows;
}

function collapsed(lines: readonly string[]): readonly string[] {
  const near = lines.map((_, at) =>
    lines.slice(Math.max(0, at - contextLines), at + contextLines + 1).some((line) => !line.startsWith(" ")),
  );
  return lines.flatMap((line, at) => (near[at] === true ? [line] : near[at - 1] === true ? ["…"] : []));
}
