import { matchesOf } from "../matches.ts";
import type { Detector, Finding } from "../types.ts";

const english =
  "jan(?:uary|\\.)?|feb(?:ruary|\\.)?|mar(?:ch|\\.)?|apr(?:il|\\.)?|may|june?|july?|aug(?:ust|\\.)?|sept?(?:ember|\\.)?|oct(?:ober|\\.)?|nov(?:ember|\\.)?|dec(?:ember|\\.)?";
/** German, French, Spanish, Portuguese, Italian and Dutch, where they aren't the English words. */
const abroad =
  "januar|jänner|februar|märz|maerz|mai|juni|juli|oktober|dezember|janvier|février|fevrier|mars|avril|juin|juillet|août|septembre|octobre|novembre|décembre|decembre|" +
  "enero|febrero|marzo|abril|mayo|junio|julio|agosto|septiembre|octubre|noviembre|diciembre|janeiro|fevereiro|março|maio|junho|julho|setembro|outubro|novembro|dezembro|" +
  "gennaio|febbraio|aprile|maggio|giugno|luglio|settembre|ottobre|dicembre|januari|februari|maart|mei|augustus";
const month = `(?:${english}|${abroad})`;
const day = "(?:0?[1-9]|[12]\\d|3[01])";
const year = "(?:19|20)\\d\\d";

/** Days of a calendar: ISO 8601, numeric with one kind of separator, and with the month's name. */
const numeric: readonly RegExp[] = [
  /(?<![\w./-])(?:19|20)\d\d([-/.])(?:0?[1-9]|1[0-2])\1(?:0?[1-9]|[12]\d|3[01])(?:[T ][0-2]?\d:[0-5]\d(?::[0-5]\d)?(?:\.\d{1,9})?(?:Z|[+-]\d\d:?\d\d)?)?(?![\w/-]|\.\d)/g,
  /(?<![\w./-])(?:0?[1-9]|[12]\d|3[01])([-/.])(?:0?[1-9]|[12]\d|3[01])\1(?:(?:19|20)\d\d|\d\d)(?![\w/-]|\.\d)/g,
];
/** Found by their figures, which are rarer than letters; what stands before them is captured and belongs to the date. */
const named: readonly RegExp[] = [
  // 3rd of March 2021, 3. März 2021, 2 de mayo de 2008, 5-May-2021, 05-MAY-21, and a day and month alone so written
  new RegExp(`(?<![\\w-])${day}(?:st|nd|rd|th|er|\\.|º)?(?: of| de)? ${month}(?:,? | del? )${year}(?!\\w)`, "giu"),
  new RegExp(`(?<![\\w-])${day}-(?:${english})(?:-(?:${year}|\\d\\d))?(?![\\w-])`, "gi"),
  // July 4, July 4th, 1999
  new RegExp(`(?<=(?<![\\w-])((?:${english}) ))${day}(?:st|nd|rd|th)?(?:,? ${year})?(?!\\w)`, "gi"),
  // A month of a year narrows a life as a day does: 45 CFR 164.514(b)(2)(i)(C) leaves the year alone.
  new RegExp(`(?<=(?<![\\w-])(${month}(?: |-|, | del? )))${year}(?![\\w-])`, "giu"),
];
/** A year is nobody's, unless it is said to be somebody's birth. */
const birth = /(?<=\b(?:born(?: in)?|year of birth(?: is|:)?|birth year(?: is|:)?|(?:dob|yob)(?: is|:)?|né(?:e)? en|geboren(?: im jahr)?|Jahrgang|nacid[oa] en|nat[oa] nel) )(?:19|20)\d\d(?![\w-])/giu;

export const date: Detector = {
  id: "date",
  version: "2.0.0",
  kind: "pii",
  types: ["date"],
  minDigits: 1,
  coverage: "partial",
  detect: (text, reading) => {
    const findings: Finding[] = [];
    const add = (start: number, end: number): void => void findings.push({ type: "date", class: "pii", start, end, confidence: 0.7 });
    for (const pattern of numeric) for (const match of matchesOf(text, pattern)) add(match.index, match.index + match[0].length);
    if (reading.has("month")) for (const pattern of named) for (const match of matchesOf(text, pattern)) add(match.index - (match[1]?.length ?? 0), match.index + match[0].length);
    if (reading.has("birth")) for (const match of matchesOf(text, birth)) add(match.index, match.index + match[0].length);
    return findings;
  },
};
