import { findMatches } from "../matches.ts";
import type { Detector } from "../types.ts";

const international = /(?<![\w+.])(?:\+|00)[1-9](?:[ ().-]{0,2}\d){6,13}(?![\w]|[.-]\d)/g;
// North American, separated: three, three, four, area and exchange from 2 on
const american =
  /(?<![\w+.-])(?:1[ .-])?(?:\([2-9]\d{2}\) ?|[2-9]\d{2}[ .-])[2-9]\d{2}[ .-]\d{4}(?:\s?x\d{1,5})?(?![\w]|[.-]\d)/g;

/** Simple on purpose: what is written as a phone number. National formats of other countries aren't found. */
export const phone: Detector = {
  id: "phone",
  version: "1.0.0",
  kind: "pii",
  types: ["phone"],
  detect: (text) => [
    ...findMatches(text, international, { type: "phone", class: "pii" }, () => 0.85),
    ...findMatches(text, american, { type: "phone", class: "pii" }, () => 0.8),
  ],
};
