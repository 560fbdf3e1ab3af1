import { findMatches } from "../matches.ts";
import type { Detector } from "../types.ts";

const v4 = /(?<![\w.])(?:(?:25[0-5]|2[0-4]\d|1?\d?\d)\.){3}(?:25[0-5]|2[0-4]\d|1?\d?\d)(?![\w]|\.\d)/g;
/** Cheap to look for, and in every address that counts. */
const twoDots = /\.\d{1,3}\./;
const twoColons = /:[0-9a-f]{0,4}:/i;
const v6 = /(?<![\w:.])[0-9a-f:]{2,39}(?![\w:])/gi;

/** RFC 4291 §2.2, without the embedded IPv4 form. Two groups at least: `::` and `12:30` are no addresses of anybody. */
function isV6(text: string): boolean {
  const halves = text.split("::");
  if (halves.length > 2) return false;
  const groups = halves.flatMap((half) => (half === "" ? [] : half.split(":")));
  if (!groups.every((group) => /^[0-9a-f]{1,4}$/i.test(group))) return false;
  return halves.length === 2 ? groups.length >= 2 && groups.length <= 7 : groups.length === 8;
}

export const ipAddress: Detector = {
  id: "ip_address",
  version: "1.0.0",
  kind: "pii",
  types: ["ip_address"],
  minDigits: 0,
  coverage: "stated",
  detect: (text, reading) => [
    ...(reading.digits > 3 && twoDots.test(text) ? findMatches(text, v4, { type: "ip_address", class: "pii" }, () => 0.9) : []),
    ...(reading.colons > 1 && twoColons.test(text)
      ? findMatches(text, v6, { type: "ip_address", class: "pii" }, (match) => (isV6(match) ? 0.95 : null))
      : []),
  ],
};
