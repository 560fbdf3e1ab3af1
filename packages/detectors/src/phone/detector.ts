import { isPossiblePhoneNumber, isValidPhoneNumber } from "libphonenumber-js/min";
import type { CountryCode } from "libphonenumber-js/min";
import { matchesOf } from "../matches.ts";
import type { Detector, Finding } from "../types.ts";

// Bounded, so that a run of digits as long as the text costs no more than its length: what is longer is no number, and
// the look-behind keeps its middle from being tried again.
const candidate = /(?<![\w+@#=%/\\]|\d[.,:-])[+(]{0,2}\d[\d ().\u00a0/-]{4,22}\d(?:\s?(?:x|ext\.? ?)\d{1,6})?(?![\w@]|[,:-]\d)/gi;

/** What stands before a number that is somebody's to call, and what before one that isn't. The nearer one decides. */
const before =
  /\b(?:phone|telephone|tel|mobile|cell|cellphone|fax|call(?:ed|ing)?|dial|ring|reach|text(?:ed)?|sms|whatsapp|hotline|contact|messages? to|registered|handy|telefon|mobil|portable|(?:my|his|her|your|their|our) (?:new |current )?number|t[eé]l[eé]phone|tel[eé]fono)\b/gi;
const notPhone =
  /\b(?:account|acct|card|order|invoice|zip|postal|postcode|plz|address|street|iban|swift|bic|ssn|social|licen[cs]e|passport|id|ticket|case|ref|reference|serial|version|isbn|amount|total|price|vat|tax|tracking|po box|lat|lon|routing)\b/gi;
const after = /^\W{0,3}(?:is (?:my|his|her|their|our|the) (?:new )?(?:phone |cell |mobile )?number|office|home|work|mobile|cell|fax|phone|tel|direct|desk|landline)\b/i;
const contextChars = 40;
/** Six digits are a number only right behind the word. */
const shortContextChars = 12;

/** National numbers are asked of these plans; a number of another country needs its context or its prefix. */
const plans: readonly CountryCode[] = ["US", "GB", "DE", "FR", "NL", "BE", "CH", "AT", "IT", "ES", "SE", "AU", "IN"];

/** Year first or last, with its separators; a range of years; an IPv4 address; SSN's three, two, four. */
const otherThing =
  /^(?:(?:19|20)\d\d[-./ ]\d{1,2}[-./ ]\d{1,2}(?:[ -]\d{1,2})?|\d{1,2}[-./ ]\d{1,2}[-./ ](?:19|20)\d\d|(?:19|20)\d\d ?- ?(?:19|20)\d\d|\d{1,3}(?:\.\d{1,3}){3}|\d{3}([- ])\d{2}\1\d{4}|\d{1,3}(?:[., ]000)+)$/;

const international = /^(?:\+|00(?=[1-9]))/;
const northAmerican = /^(?:1[ .-])?(?:\(\d{3}\) ?|\d{3}[ .-])\d{3}[ .-]\d{4}$/;
const areaInBrackets = /^\(0?\d{1,4}\) ?\d{2,5}(?:[ .-]?\d{2,5}){0,3}$/;

export const phone: Detector = {
  id: "phone",
  version: "2.0.0",
  kind: "pii",
  types: ["phone"],
  minDigits: 6,
  coverage: "stated",
  detect: (text) => {
    const findings: Finding[] = [];
    for (const match of matchesOf(text, candidate)) {
      // A bracket that the sentence opened is not the number's.
      const own = /^\([+\d][^)]*$/.test(match[0]) ? match[0].slice(1) : match[0];
      const start = match.index + match[0].length - own.length;
      const confidence = judge(own, text, start, start + own.length);
      if (confidence !== null) findings.push({ type: "phone", class: "pii", start, end: start + own.length, confidence });
    }
    return findings;
  },
};

function judge(written: string, text: string, start: number, end: number): number | null {
  const number = written.replace(/\s?(?:x|ext\.? ?)\d{1,6}$/i, "");
  const digits = number.replace(/\D/g, "");
  if (digits.length < 6 || digits.length > 15 || otherThing.test(number) || /^(\d)\1+$/.test(digits)) return null;
  if (/[ ().\u00a0/-]{4}/.test(number)) return null;
  if (international.test(number)) {
    const plus = `+${digits.replace(/^00/, "")}`.replace(/^(\+\d{1,3})0(?=\d{6})/, number.includes("(0)") ? "$1" : "$10");
    if (isPossiblePhoneNumber(plus)) return 0.95;
    return number.startsWith("+") ? 0.85 : null;
  }
  const grouped = /\d[ ().\u00a0/-]+\d/.test(number);
  const near = context(text, start, end, digits.length < 7 ? shortContextChars : contextChars);
  if (near === false) return null;
  if (northAmerican.test(number)) return 0.9;
  if (near) return digits.length >= 7 || grouped ? 0.85 : null;
  if (areaInBrackets.test(number) && digits.length >= 7) return 0.85;
  // In no context: a trunk prefix with groups, and a country in whose plan it lies.
  return grouped && /^\(?0[1-9]/.test(number) && digits.length >= 9 && digits.length <= 12 && plans.some((country) => isValidPhoneNumber(digits, country))
    ? 0.8
    : null;
}

/** True: said to be a phone number; false: said to be something else; null: nothing said. */
function context(text: string, start: number, end: number, chars: number): boolean | null {
  if (after.test(text.slice(end, end + 32))) return true;
  const words = text.slice(Math.max(0, start - chars), start);
  const yes = lastOf(words, before);
  const no = lastOf(words, notPhone);
  return yes < 0 && no < 0 ? null : yes > no;
}

function lastOf(text: string, pattern: RegExp): number {
  let last = -1;
  for (const match of matchesOf(text, pattern)) last = match.index;
  return last;
}
