import type { Finding } from "../types.ts";
import { entropy, isPlaceholder, looksRandom } from "./randomness.ts";

// `NAME = VALUE` in code, configuration, JSON, YAML, XML, and `"NAME", "VALUE"` in calls. Read from the sign backwards: most
// texts have few of those and many names. The value is read apart, so that a name in it is tried as well.
const maxNameChars = 60;
const maxBlanks = 20;
const maxQuotes = 2;
const colon = 58;
const comma = 44;
const equals = 61;
const greater = 62;
const bar = 124;
const quotedValue = /["'`]([^"'`\s]{6,512})["'`]/y;
const bareValue = /([^\s"'`,;<>()[\]]{8,512})/y;

const secretWord = /^(?:token|tokens|secret|secrets|password|passwords|passwd|passphrase|pwd|pass|apikey|credential|credentials|auth)$/;
const keyOf = /^(?:api|access|auth|private|client|signing|signature|encryption|encrypt|license|licence|secret|service|account|master|shared|admin|app|application|server|subscription|webhook|rest|storage|jwt|session|deploy|ssh|pgp|gpg|hmac|aes|rsa|crypto|cipher|sas)$/;
/** What is no secret whatever it is called after: `tokenUrl`, `secretName`, `publicKey`, `csrf-token`. */
const harmless = /^(?:public|pub|csrf|xsrf|id|ids|name|names|url|uri|file|path|dir|type|length|len|size|count|max|min|version|expiry|expires|ttl|index|field|label|title|prefix|header|endpoint|method|source|results|required|enabled|vault|store|algorithm|hash|digest|checksum|sha|rev|commit)$/;

/** `someApiKey`, `some_api_key`, `SOME-API-KEY`: some, api, key. */
function wordsOf(name: string): readonly string[] {
  return name
    .replace(/([a-z0-9])([A-Z])/g, "$1 $2")
    .replace(/([A-Z])([A-Z][a-z])/g, "$1 $2")
    .toLowerCase()
    .split(/[^a-z0-9]+/)
    .filter((word) => word !== "");
}

type Named = "password" | "secret" | null;

export function namesSecret(name: string): Named {
  const words = wordsOf(name);
  if (harmless.test(words.at(-1) ?? "") || words.some((word) => /^(?:public|pub|csrf|xsrf)$/.test(word))) return null;
  if (words.some((word) => /^(?:password|passwd|passphrase|pwd)s?$/.test(word))) return "password";
  const named = words.some(
    (word, index) =>
      secretWord.test(word) ||
      /(?:secret|token|apikey|accesskey|secretkey|authkey|password)$/.test(word) ||
      (word === "key" && (keyOf.test(words[index - 1] ?? "") || words.length > 1)),
  );
  return named ? "secret" : null;
}

/** A name alone is prose; a random-looking value after it is a secret. */
export function assignedSecrets(text: string): readonly Finding[] {
  const findings: Finding[] = [];
  for (const { name, at } of assignments(text)) {
    const named = namesSecret(name);
    if (named === null) continue;
    const value = valueAt(text, at);
    if (value === null || !(looksRandom(value.text) || (named === "password" && isPassword(value.text)))) continue;
    findings.push({ type: "secret.generic", class: "secret", start: value.start, end: value.start + value.text.length, confidence: 0.7 });
  }
  return findings;
}

/** Each name before a sign (`=`, `:`, `:=`, `=>`, `||:`, `value=`, a comma behind a quote), and where its value would begin. */
function assignments(text: string): readonly { readonly name: string; readonly at: number }[] {
  const found: { name: string; at: number }[] = [];
  for (let index = 0; index < text.length; index += 1) {
    const unit = text.charCodeAt(index);
    if (unit !== equals && unit !== colon && unit !== comma) continue;
    let before = index;
    if (unit === comma && !isQuote(text.charCodeAt(index - 1))) continue;
    if (unit === colon && text.charCodeAt(index - 1) === bar && text.charCodeAt(index - 2) === bar) before -= 2;
    // `<input name="token" value="…">`
    if (unit === equals && /["'][ \t]value$/.test(text.slice(Math.max(0, index - 7), index))) before -= 6;
    let at = index + 1;
    const next = text.charCodeAt(at);
    if ((unit === colon && next === equals) || (unit === equals && next === greater)) at += 1;
    const name = nameBefore(text, before);
    if (name === null) continue;
    const from = at;
    while (at - from < maxBlanks && isBlank(text.charCodeAt(at))) at += 1;
    found.push({ name, at });
    index = at - 1;
  }
  return found;
}

/** The name that ends here, but for blanks and closing quotes. Null: none, or a run of letters too long to be one. */
function nameBefore(text: string, end: number): string | null {
  let to = end;
  while (end - to < maxBlanks && isBlank(text.charCodeAt(to - 1))) to -= 1;
  const quotesEnd = to;
  while (quotesEnd - to < maxQuotes && (isQuote(text.charCodeAt(to - 1)) || text[to - 1] === "]")) to -= 1;
  let from = to;
  while (to - from <= maxNameChars && isOfName(text.charCodeAt(from - 1))) from -= 1;
  return to - from < 3 || to - from > maxNameChars ? null : text.slice(from, to);
}

const isBlank = (unit: number): boolean => unit === 32 || unit === 9;
const isQuote = (unit: number): boolean => unit === 34 || unit === 39;
const isOfName = (unit: number): boolean => (unit >= 97 && unit <= 122) || (unit >= 65 && unit <= 90) || (unit >= 48 && unit <= 57) || unit === 95 || unit === 46 || unit === 45;

function valueAt(text: string, at: number): { text: string; start: number } | null {
  quotedValue.lastIndex = at;
  const quoted = quotedValue.exec(text);
  if (quoted !== null) return { text: quoted[1]!, start: at + 1 };
  bareValue.lastIndex = at;
  const bare = bareValue.exec(text);
  return bare === null ? null : { text: bare[1]!.replace(/[.:\\]+$/, ""), start: at };
}

const maxPasswordChars = 64;

/** Chosen by a person: three kinds of character, no word of a template. */
function isPassword(value: string): boolean {
  if (value.length < 8 || value.length > maxPasswordChars) return false;
  const kinds = [/[a-z]/, /[A-Z]/, /\d/, /[^\w\s]/].filter((kind) => kind.test(value)).length;
  return kinds >= 3 && entropy(value) >= 2.5 && !isPlaceholder(value);
}
