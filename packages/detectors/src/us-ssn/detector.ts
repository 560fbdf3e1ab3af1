import { findMatches } from "../matches.ts";
import type { Detector } from "../types.ts";

// SSA's rules: no area 000, 666 or 9xx, no group 00, no serial 0000. Only written with separators: nine bare digits are
// anything.
const pattern = /(?<![\d-])(?!000|666|9)\d{3}([- ])(?!00)\d{2}\1(?!0000)\d{4}(?![\d]|-\d)/g;
const examples = new Set(["078-05-1120", "219-09-9999", "123-45-6789"]);

export const usSsn: Detector = {
  id: "us_ssn",
  version: "1.0.0",
  kind: "pii",
  types: ["us_ssn"],
  minDigits: 9,
  coverage: "stated",
  detect: (text) =>
    findMatches(text, pattern, { type: "us_ssn", class: "pii" }, (match) =>
      examples.has(match.replaceAll(" ", "-")) ? null : 0.9,
    ),
};
