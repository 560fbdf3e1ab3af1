import { matchesOf } from "../matches.ts";
import type { Detector, Finding } from "../types.ts";

const word = "[\\p{L}][\\p{L}'’.-]{0,24}";
const kinds =
  "(?:street|st|avenue|ave|av|road|rd|boulevard|blvd|lane|ln|drive|dr|court|ct|place|pl|square|sq|terrace|way|parkway|pkwy|highway|hwy|crescent|close|alley|circle|cir|trail|crossroad|harbor|gardens|grove|mews|row)";

/** Streets as they are written in English and the Romance languages, boxes and flats: each has a word of its own. */
const worded: readonly RegExp[] = [
  // 24 Clarke Avenue, 4241 Court Street Suite 12
  new RegExp(`(?<![\\p{L}\\d.,$€£-])\\d{1,5}[a-z]?(?: \\d{1,5})? (?:${word} ){1,4}${kinds}(?![\\p{L}\\d])\\.?(?:,? (?:apt|suite|unit|floor|apartment)\\.? ?#?\\d{1,5}[a-z]?)?`, "giu"),
  // 31 Rue Al Imam, Via Verbano 62, 57 avenue Jules Ferry, Calle Mayor 5
  /(?<![\p{L}\d])\d{1,4},? (?:rue|avenue|boulevard|place|chemin|impasse|quai|cours|via|viale|piazza|corso) (?:de |du |des |la |le |di |della |al )?[\p{L}'’-]{2,24}(?: [\p{L}'’-]{2,24}){0,3}/giu,
  /(?<![\p{L}\d])(?:[Vv]iale?|[Pp]iazza|[Cc]orso|[Cc]alle|[Aa]venida|[Pp]aseo|[Pp]laza|[Rr]ua|[Tt]ravessa|VIA|CALLE) (?:de |do |da |dos |la |las |del |di |della )?\p{Lu}[\p{L}'’-]{1,24}(?: \p{Lu}[\p{L}'’-]{1,24}){0,3},? \d{1,4}(?![\p{L}\d])/gu,
  /(?<![\p{L}\d])(?:P\.? ?O\.? Box|PSC|Postfach|Unit|USNS|USS) ?\d{1,6}(?:,? Box \d{1,5})?(?:\s(?:APO|FPO|DPO) A[AEP] \d{5})?/giu,
  /(?<![\p{L}\d])(?:Apt|Suite|Apartment)\.? ?#?\d{2,5}(?![\p{L}\d])/giu,
];
/** Germanic, Nordic and Slavic streets are compounds: they end so. */
const compoundEnd = /(?:asse|a(?:ss|ß)e|raat|llee|latz|ring|weg|gatan?|vej|vegur|veien|gade|laan|plein|katu|tie|utca|ulica| u\.) \d/;
// "During 1971" ends like a ring road.
const compound = /(?<![\p{L}\d])(?!(?:During|Spring|String|Bring)\b)\p{Lu}[\p{L}'’.-]{1,30}(?:stra(?:ss|ß)e|strasse|straat|gasse|allee|platz|ring|weg|gata|gatan|vej|vegur|veien|gade|laan|plein|katu|tie|utca|ulica|u\.) \d{1,4}[a-z]?(?![\p{L}\d])/gu;
/** City and state before the ZIP code. */
const stateAndZip = /, [A-Z]{2} \d{5}/;
const cityStateZip =
  /(?<![\p{L}\d])\p{Lu}[\p{L} .'’-]{1,30}, (?:A[KLRZ]|C[AOT]|D[CE]|FL|GA|HI|I[ADLN]|K[SY]|LA|M[ADEINOST]|N[CDEHJMVY]|O[HKR]|PA|RI|S[CD]|T[NX]|UT|V[AT]|W[AIVY]) \d{5}(?:-\d{4})?(?!\d)/gu;
/** A postal code alone is any number; said to be one, it isn't. */
const saidPostcode = /(?:zip|postal) ?code(?: is|:)? (?:[A-Z]{2}[- ])?\d{4,5}(?:-\d{4})?(?!\d)/giu;
/** British and Canadian; what is in all of them is cheap to look for. */
const postcodeGap = /\d[A-Z\d]? \d[A-Z]/;
const postcode =
  /(?<![\p{L}\d])(?:[A-Z]{1,2}\d[A-Z\d]? \d[A-Z]{2}|[A-Z]\d[A-Z] \d[A-Z]\d)(?![\p{L}\d])/gu;

export const address: Detector = {
  id: "address",
  version: "1.0.2",
  kind: "pii",
  types: ["address"],
  minDigits: 1,
  coverage: "partial",
  detect: (text, reading) => {
    const findings: Finding[] = [];
    const patterns = [
      ...(reading.has("street") ? worded : []),
      ...(compoundEnd.test(text) ? [compound] : []),
      ...(stateAndZip.test(text) ? [cityStateZip] : []),
      ...(postcodeGap.test(text) ? [postcode] : []),
      ...(/(?:zip|postal) ?code/i.test(text) ? [saidPostcode] : []),
    ];
    for (const pattern of patterns)
      for (const match of matchesOf(text, pattern))
        findings.push({ type: "address", class: "pii", start: match.index, end: match.index + match[0].length, confidence: 0.7 });
    return findings;
  },
};
