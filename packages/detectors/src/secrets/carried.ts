import { matchesOf } from "../matches.ts";
import type { Finding } from "../types.ts";
import { isPlaceholder, looksRandom } from "./randomness.ts";

/** Secrets by where they stand: a request's header, a URL's user part, curl's `--user`. */
const places: readonly { readonly keyword: string; readonly pattern: RegExp; readonly accept: (value: string) => boolean }[] = [
  {
    keyword: "uthorization",
    pattern: /[aA]uthorization["']?\s{0,2}[:=]\s{0,2}["']?(?:(?:Bearer|Basic|Token|Api-?Key|Api-Token|bearer|basic|token)\s{1,2})?(?<value>[A-Za-z0-9+/=_.~-]{10,2000})/g,
    accept: (value) => !isPlaceholder(value) && (looksRandom(value) || (/^[A-Za-z0-9+/]{10,}={1,2}$/.test(value) && /[A-Z]/.test(value))),
  },
  {
    keyword: "://",
    pattern: /[a-z][a-z0-9+.-]{1,20}:\/\/[^\s:@/"'<>]{0,64}:(?<value>[^\s:@/"'<>]{3,128})@[\w.-]/gi,
    accept: (value) => !isPlaceholder(value) && !/^(?:password|pass|pwd|pw|token)$/i.test(value),
  },
  {
    keyword: "curl",
    pattern: /\bcurl\b[^]{0,400}?\s(?:-u|--user)[\s=]{0,4}(?:"(?<double>[^"\n]{3,120})"|'(?<single>[^'\n]{3,120})'|(?<value>[^\s"'<$][^\s"'<]{2,120}))/g,
    accept: (pair) => {
      const at = pair.indexOf(":");
      if (at < 0 || /[${}<>[\]]/.test(pair.replace(/\$\d/g, ""))) return false;
      const [user, password] = [pair.slice(0, at), pair.slice(at + 1)];
      const one = password === "" ? user : password;
      return one.length >= 4 && !isPlaceholder(one) && /\d|[A-Z].*[A-Z]|[^\w]/.test(one);
    },
  },
  {
    keyword: "_auth",
    pattern: /(?:^|[\s:])(?:\/\/[\w./-]{3,200}:)?_auth(?:Token)?\s{0,2}=\s{0,2}["']?(?<value>[A-Za-z0-9+/=_-]{8,400})/gm,
    accept: (value) => !isPlaceholder(value),
  },
];

export function carriedSecrets(text: string): readonly Finding[] {
  const findings: Finding[] = [];
  for (const { keyword, pattern, accept } of places) {
    if (!text.includes(keyword)) continue;
    for (const match of matchesOf(text, pattern)) {
      const value = match.groups!.value ?? match.groups!.double ?? match.groups!.single ?? "";
      if (!accept(value)) continue;
      const start = match.index + match[0].lastIndexOf(value);
      findings.push({ type: "secret.generic", class: "secret", start, end: start + value.length, confidence: 0.75 });
    }
  }
  return findings;
}
