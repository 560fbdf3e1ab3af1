/** Bits a character: words and identifiers lie near 3, random base64 near 5. */
export function entropy(text: string): number {
  const counts = new Map<string, number>();
  for (const character of text) counts.set(character, (counts.get(character) ?? 0) + 1);
  let bits = 0;
  for (const count of counts.values()) bits -= (count / text.length) * Math.log2(count / text.length);
  return bits;
}

const placeholder =
  /example|placeholder|your[_-]|my[_-]?(?:secret|token|key|pass)|changeme|redacted|dummy|xxxx|\*{3}|\.{3}|(.)\1{7}|abcdefgh|^0?123456789|^(?:test|pass|user|token|password|secret|none|null|true|false|undefined)\W?\d{0,3}$/i;

/** Stands for a secret without being one: documentation, templates, masks. */
export function isPlaceholder(value: string): boolean {
  return placeholder.test(value) || /[${}<>]/.test(value[0] ?? "") || /^%[A-Z_]+%$/.test(value);
}

/** Names in code, versions, hosts and paths: several short parts, each a word or a small number. */
function isNamed(value: string): boolean {
  return value.split(/[-_./:\\]/).every((part) => part.length < 12 || !/\d/.test(part) || /^[a-z]+\d{1,3}$/i.test(part));
}

/** Whether what a secret's name was given looks drawn at random. The cheap questions first: prose asks them often. */
export function looksRandom(value: string): boolean {
  if (value.length < 10) return false;
  const digits = digitsIn(value);
  if (digits < 2) return false;
  if (digits === value.length) return value.length >= 17 && new Set(value).size > 4;
  if (isPlaceholder(value) || /^[a-z][a-z0-9+.-]*:\/\//i.test(value)) return false;
  const bits = entropy(value);
  if (!isNamed(value)) return bits >= 3;
  return value.length >= 24 && digits >= value.length / 4 && bits >= 3.7 && !/\.[a-z]{2,6}$|^\/|\\/i.test(value);
}

function digitsIn(value: string): number {
  let digits = 0;
  for (let index = 0; index < value.length; index += 1) {
    const unit = value.charCodeAt(index);
    if (unit >= 48 && unit <= 57) digits += 1;
  }
  return digits;
}
