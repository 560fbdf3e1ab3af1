import { matchesOf } from "../matches.ts";
import type { Finding } from "../types.ts";

const heading = /-----BEGIN [A-Z ]{0,30}PRIVATE KEY(?: BLOCK)?-----/g;
const ending = /-----END [A-Z ]{0,30}PRIVATE KEY(?: BLOCK)?-----/y;
const maxKeyChars = 16_384;

/** With the body, as far as it follows: a mask must take the key, not its heading. */
export function privateKeys(text: string): readonly Finding[] {
  if (!text.includes("PRIVATE KEY")) return [];
  const findings: Finding[] = [];
  // Where the next ending lies is looked for once for all headings before it.
  let nextEnd = -1;
  for (const match of matchesOf(text, heading)) {
    const body = match.index + match[0].length;
    if (nextEnd < body && nextEnd !== text.length) nextEnd = indexOrEnd(text, body);
    ending.lastIndex = nextEnd;
    const whole = nextEnd - body <= maxKeyChars && ending.test(text);
    findings.push({ type: "secret.private_key", class: "secret", start: match.index, end: whole ? ending.lastIndex : body, confidence: 0.99 });
  }
  return findings;
}

function indexOrEnd(text: string, from: number): number {
  const at = text.indexOf("-----END", from);
  return at < 0 ? text.length : at;
}
