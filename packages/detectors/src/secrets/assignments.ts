import type { Finding } from "../types.ts";
import { entropy, isPlaceholder, looksRandom } from "./randomness.ts";

// `NAME = VALUE` in code, configuration, JSON, YAML, XML, and `"NAME", "VALUE"` in calls. The look-behind keeps a long run of letters from being tried
// from each of them; the value is read apart, so that a name in it is tried as well.
const assignment = /(?<![\w.-])[\w.-]{3,60}["'\]]{0,2}[ \t]{0,20}(?:=>|:=|\|\|:|=|:|(?<=["']),|(?<=["'])[ \t]value=)[ \t]{0,20}/g;
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
  for (const match of text.matchAll(assignment)) {
    const named = namesSecret(/^[\w.-]+/.exec(match[0])![0]);
    if (named === null) continue;
    const at = match.index + match[0].length;
    const value = valueAt(text, at);
    if (value === null || !(looksRandom(value.text) || (named === "password" && isPassword(value.text)))) continue;
    findings.push({ type: "secret.generic", class: "secret", start: value.start, end: value.start + value.text.length, confidence: 0.7 });
  }
  return findings;
}

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
