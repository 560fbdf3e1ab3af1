import { findMatches } from "../matches.ts";
import type { Detector } from "../types.ts";

const pattern = /(?<![\w.-])[1-6](?:[ -]?\d){11,18}(?!\w|[.-]\d)/g;

/** ISO/IEC 7812-1 Annex B. */
export function passesLuhn(digits: string): boolean {
  let sum = 0;
  for (let index = 0; index < digits.length; index += 1) {
    const digit = digits.charCodeAt(digits.length - 1 - index) - 48;
    const doubled = index % 2 === 1 ? digit * 2 : digit;
    sum += doubled > 9 ? doubled - 9 : doubled;
  }
  return sum % 10 === 0;
}

// Visa, Mastercard, American Express, Discover, Diners, JCB (old and new), Maestro: prefix with its lengths.
const issuers =
  /^(?:4(?:\d{12}|\d{15}|\d{18})|5[1-5]\d{14}|2(?:22[1-9]|2[3-9]\d|[3-6]\d\d|7[01]\d|720)\d{12}|3[47]\d{13}|6(?:011|5\d\d)\d{12}|3(?:0[0-5]|[68]\d)\d{11}|35\d{14}|(?:2131|1800)\d{11}|(?:50|5[6-9]|6\d)\d{10,17})$/;

export const creditCard: Detector = {
  id: "credit_card",
  version: "1.1.0",
  kind: "pii",
  types: ["credit_card"],
  minDigits: 12,
  coverage: "stated",
  detect: (text) =>
    findMatches(text, pattern, { type: "credit_card", class: "pii" }, (match) => {
      const digits = match.replaceAll(/[ -]/g, "");
      return issuers.test(digits) && passesLuhn(digits) && new Set(digits).size > 1 ? 0.97 : null;
    }),
};
