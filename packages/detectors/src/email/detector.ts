import { findMatches } from "../matches.ts";
import type { Detector } from "../types.ts";

// The local part is bounded (RFC 5321 §4.5.3.1.1: 64), and its look-behind keeps a long run from being tried from each
// of its characters.
const pattern = /(?<![\w.%+-])[\w.%+-]{1,64}@(?:[a-z0-9](?:[a-z0-9-]{0,62})\.){1,6}[a-z]{2,24}(?![\w-])/gi;

export const email: Detector = {
  id: "email",
  version: "1.0.0",
  kind: "pii",
  types: ["email"],
  minDigits: 0,
  coverage: "stated",
  detect: (text) => (text.includes("@") ? findMatches(text, pattern, { type: "email", class: "pii" }, () => 0.99) : []),
};
