import { findMatches } from "../matches.ts";
import type { Detector } from "../types.ts";

// SSA's rules: no area 000, 666 or 9xx, no group 00, no serial 0000.
const written = /(?<![\d.-])(?!000|666|9)\d{3}([-. ])(?!00)\d{2}\1(?!0000)\d{4}(?![\d]|[.-]\d)/g;
/** Nine bare digits, or nine in odd groups, are anything: only what is said to be one counts, and ZIP+4 doesn't. */
const said = /(?<=\b(?:ssn|ss#|ss no|social(?: security)?(?: (?:number|no|num))?|tax(?:payer)? id|itin)\b[^\d\n]{0,16})(?!000|666|9)\d{3}[-. ]?(?!00)\d{2}[-. ]?(?!0000)\d{4}(?![\d]|[.-]\d)/gi;
const examples = new Set(["078051120", "219099999", "123456789"]);

export const usSsn: Detector = {
  id: "us_ssn",
  version: "2.0.0",
  kind: "pii",
  types: ["us_ssn"],
  minDigits: 9,
  coverage: "stated",
  detect: (text, reading) => {
    const accept = (match: string): number | null => (examples.has(match.replace(/\D/g, "")) ? null : 0.9);
    const found = findMatches(text, written, { type: "us_ssn", class: "pii" }, accept);
    if (!reading.has("ssn")) return found;
    return [...found, ...findMatches(text, said, { type: "us_ssn", class: "pii" }, accept).filter((one) => !found.some(({ start }) => start === one.start))];
  },
};
