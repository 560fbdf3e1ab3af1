/** Characters of a text that a reader doesn't see, or takes for another one. */
export interface Hidden {
  readonly characters: readonly { readonly code: string; readonly name: string; readonly count: number }[];
  /** What tag characters spell, which a model reads and a person doesn't; null: there are none. */
  readonly says: string | null;
}

const tagBlock = /[\u{e0000}-\u{e007f}]/gu;
const maxSaid = 500;

/** Each kind in words, with how it is found. Order is that of the answer. */
const kinds: readonly (readonly [name: string, pattern: RegExp])[] = [
  ["tag character", tagBlock],
  ["direction mark", /[\u061c\u200e\u200f\u202a-\u202e\u2066-\u2069]/gu],
  // A joiner inside an emoji, and the selector after one, are how emoji are written.
  ["zero-width character", /\u034f|\u17b4|\u17b5|[\u00ad\u115f\u1160\u180e\u200b\u200c\u2060-\u2064\u3164\ufeff\uffa0]|(?<!\p{Extended_Pictographic}\ufe0f?)\u200d|(?<!\p{Extended_Pictographic})\ufe0f|[\ufe00-\ufe0e\u{e0100}-\u{e01ef}]/gu],
  // oxlint-disable-next-line eslint/no-control-regex -- an escape sequence can repaint a terminal: it is looked for
  ["control character", /[\u0000-\u0008\u000b\u000c\u000e-\u001f\u007f-\u009f\u2028\u2029]/gu],
  ["private character", /[\ue000-\uf8ff\u{f0000}-\u{10fffd}]/gu],
  ["unusual space", /[\u00a0\u1680\u2000-\u200a\u202f\u205f\u3000]/gu],
];
const words = /[\p{L}\p{M}]+/gu;
const lookalike = /[\p{Script=Cyrillic}\p{Script=Greek}]/gu;

/** Every name and text of a definition: a schema's property names reach a model as its descriptions do. */
export function hiddenIn(definition: unknown): Hidden {
  const text = textsOf(definition).join("\n");
  const found = new Map<string, { name: string; count: number }>();
  const add = (character: string, name: string): void => {
    const code = codeOf(character);
    found.set(code, { name, count: (found.get(code)?.count ?? 0) + 1 });
  };
  for (const [name, pattern] of kinds) for (const [character] of text.matchAll(pattern)) add(character, name);
  // A word of two alphabets is read as one of them.
  for (const [word] of text.matchAll(words)) if (/\p{Script=Latin}/u.test(word)) for (const [letter] of word.matchAll(lookalike)) add(letter, "look-alike letter");
  const said = [...text.matchAll(tagBlock)].map(([tag]) => String.fromCharCode((tag.codePointAt(0) ?? 0) - 0xe0000)).join("").replaceAll(/[^\x20-\x7e]/g, "");
  return { characters: [...found].map(([code, one]) => ({ code, ...one })), says: said === "" ? null : said.slice(0, maxSaid) };
}

function codeOf(character: string): string {
  return `U+${(character.codePointAt(0) ?? 0).toString(16).toUpperCase().padStart(4, "0")}`;
}

function textsOf(value: unknown): string[] {
  if (typeof value === "string") return [value];
  if (typeof value !== "object" || value === null) return [];
  return Array.isArray(value) ? value.flatMap(textsOf) : Object.entries(value).flatMap(([name, inner]) => [name, ...textsOf(inner)]);
}
