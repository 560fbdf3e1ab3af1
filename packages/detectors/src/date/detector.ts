import type { Detector, Finding } from "../types.ts";

const month =
  "(?:jan(?:uary|\\.)?|feb(?:ruary|\\.)?|mar(?:ch|\\.)?|apr(?:il|\\.)?|may|june?|july?|aug(?:ust|\\.)?|sept?(?:ember|\\.)?|oct(?:ober|\\.)?|nov(?:ember|\\.)?|dec(?:ember|\\.)?)";

/** Days of a calendar: ISO 8601, numeric with one kind of separator, and with the month's name. A year alone is none. */
const numeric: readonly RegExp[] = [
  /(?<![\w./-])(?:19|20)\d\d([-/.])(?:0?[1-9]|1[0-2])\1(?:0?[1-9]|[12]\d|3[01])(?:[T ][0-2]?\d:[0-5]\d(?::[0-5]\d)?(?:\.\d{1,9})?(?:Z|[+-]\d\d:?\d\d)?)?(?![\w/-]|\.\d)/g,
  /(?<![\w./-])(?:0?[1-9]|[12]\d|3[01])([-/.])(?:0?[1-9]|[12]\d|3[01])\1(?:(?:19|20)\d\d|\d\d)(?![\w/-]|\.\d)/g,
];
const named: readonly RegExp[] = [
  new RegExp(`(?<![\\w-])(?:0?[1-9]|[12]\\d|3[01])(?:st|nd|rd|th|\\.)?(?: of)? ${month},? (?:19|20)\\d\\d(?!\\w)`, "gi"),
  new RegExp(`(?<![\\w-])${month} (?:0?[1-9]|[12]\\d|3[01])(?:st|nd|rd|th)?(?:,? (?:19|20)\\d\\d)?(?!\\w)`, "gi"),
];

export const date: Detector = {
  id: "date",
  version: "1.0.0",
  kind: "pii",
  types: ["date"],
  minDigits: 3,
  coverage: "partial",
  detect: (text, reading) => {
    const findings: Finding[] = [];
    for (const pattern of reading.has("month") ? [...numeric, ...named] : numeric)
      for (const match of text.matchAll(pattern))
        findings.push({ type: "date", class: "pii", start: match.index, end: match.index + match[0].length, confidence: 0.7 });
    return findings;
  },
};
