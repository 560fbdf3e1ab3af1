/**
 * Finds which of many keywords occur in a text by one reading: the first two letters look up the few keywords that begin
 * so; a keyword of one letter is looked for by itself. Keywords are ASCII. Asking `includes` for each costs as many readings as there are keywords.
 */
export function keywordFinder(keywords: readonly string[]): (text: string) => ReadonlySet<string> {
  const byPair: string[][] = [];
  const pairs = new Uint8Array(1 << 14);
  const short: string[] = [];
  for (const keyword of new Set(keywords)) {
    if (keyword.length < 2) {
      short.push(keyword);
      continue;
    }
    const pair = (keyword.charCodeAt(0) << 7) | keyword.charCodeAt(1);
    const slot = pairs[pair]! > 0 ? pairs[pair]! - 1 : byPair.push([]) - 1;
    pairs[pair] = slot + 1;
    byPair[slot]!.push(keyword);
  }
  return (text) => {
    const found = new Set(short.filter((keyword) => text.includes(keyword)));
    let before = 0;
    for (let index = 0; index < text.length; index += 1) {
      const unit = text.charCodeAt(index);
      if (unit < 128) {
        const slot = pairs[(before << 7) | unit]!;
        if (slot > 0) for (const keyword of byPair[slot - 1]!) if (text.startsWith(keyword, index - 1)) found.add(keyword);
        before = unit;
      } else before = 0;
    }
    return found;
  };
}
