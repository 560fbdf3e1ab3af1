import { findMatches } from "../matches.ts";
import type { Detector, Finding } from "../types.ts";

const pattern = /(?<![A-Za-z0-9])[A-Z]{2}\d{2}(?:[ -]?[A-Z0-9]){11,30}/g;

/** Lengths of the IBAN registry (ISO 13616), as far as a country has one. */
const lengths: Readonly<Record<string, number>> = {
  AD: 24,
  AE: 23,
  AL: 28,
  AT: 20,
  AZ: 28,
  BA: 20,
  BE: 16,
  BG: 22,
  BH: 22,
  BR: 29,
  BY: 28,
  CH: 21,
  CR: 22,
  CY: 28,
  CZ: 24,
  DE: 22,
  DK: 18,
  DO: 28,
  EE: 20,
  EG: 29,
  ES: 24,
  FI: 18,
  FO: 18,
  FR: 27,
  GB: 22,
  GE: 22,
  GI: 23,
  GL: 18,
  GR: 27,
  GT: 28,
  HR: 21,
  HU: 28,
  IE: 22,
  IL: 23,
  IQ: 23,
  IS: 26,
  IT: 27,
  JO: 30,
  KW: 30,
  KZ: 20,
  LB: 28,
  LC: 32,
  LI: 21,
  LT: 20,
  LU: 20,
  LV: 21,
  LY: 25,
  MC: 27,
  MD: 24,
  ME: 22,
  MK: 19,
  MR: 27,
  MT: 31,
  MU: 30,
  NL: 18,
  NO: 15,
  PK: 24,
  PL: 28,
  PS: 29,
  PT: 25,
  QA: 29,
  RO: 24,
  RS: 22,
  SA: 24,
  SC: 31,
  SD: 18,
  SE: 24,
  SI: 19,
  SK: 24,
  SM: 27,
  ST: 25,
  SV: 28,
  TL: 23,
  TN: 24,
  TR: 26,
  UA: 29,
  VA: 22,
  VG: 24,
  XK: 20,
};

/** ISO 7064 MOD 97-10. */
export function passesMod97(iban: string): boolean {
  let remainder = 0;
  for (const character of iban.slice(4) + iban.slice(0, 4)) {
    const value = Number.parseInt(character, 36);
    remainder = (remainder * (value > 9 ? 100 : 10) + value) % 97;
  }
  return remainder === 1;
}

/** The match may run into the next word in capitals: it ends where the country's length says. */
function trimmed(text: string, finding: Finding): Finding | null {
  const country = text.slice(finding.start, finding.start + 2);
  const length = Object.hasOwn(lengths, country) ? lengths[country]! : 0;
  let compact = "";
  let end = finding.start;
  while (compact.length < length && end < finding.end) {
    const character = text[end]!;
    if (character !== " " && character !== "-") compact += character;
    end += 1;
  }
  const next = text[end];
  if (
    length === 0 ||
    compact.length !== length ||
    !passesMod97(compact) ||
    (next !== undefined && /[A-Za-z0-9]/.test(next))
  )
    return null;
  return { ...finding, end };
}

export const iban: Detector = {
  id: "iban",
  version: "1.0.0",
  kind: "pii",
  types: ["iban"],
  minDigits: 2,
  coverage: "stated",
  detect: (text) =>
    findMatches(text, pattern, { type: "iban", class: "pii" }, () => 0.99).flatMap(
      (finding) => trimmed(text, finding) ?? [],
    ),
};
