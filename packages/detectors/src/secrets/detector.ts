import { matchesOf } from "../matches.ts";
import { keywordFinder } from "../keywords.ts";
import type { Detector, Finding } from "../types.ts";
import { assignedSecrets } from "./assignments.ts";
import { carriedSecrets } from "./carried.ts";
import { privateKeys } from "./private-keys.ts";
import { providerShapes } from "./provider-shapes.ts";

/** The documentation's own example keys are no secrets, nor is a shape filled with one letter. */
const published = /EXAMPLE$|^(?:sk|rk)_test_.{0,8}$|([^A])\1{11}|x{8}|X{8}/;
/** No shape is shorter. */
const shortestKey = 15;

export const secrets: Detector = {
  id: "secrets",
  version: "2.0.0",
  kind: "secret",
  types: ["secret"],
  minDigits: 0,
  coverage: "stated",
  detect: (text, reading) => [
    ...(reading.longestRun < shortestKey ? [] : shapedSecrets(text)),
    ...privateKeys(text),
    ...carriedSecrets(text),
    ...(reading.has("secretName") ? assignedSecrets(text) : []),
  ],
};

const keywordsIn = keywordFinder(providerShapes.map(({ keyword }) => keyword));

function shapedSecrets(text: string): readonly Finding[] {
  const findings: Finding[] = [];
  const keywords = keywordsIn(text);
  if (keywords.size === 0) return findings;
  for (const { type, keyword, pattern } of providerShapes) {
    if (!keywords.has(keyword)) continue;
    for (const match of matchesOf(text, pattern)) {
      if (!published.test(match[0])) findings.push({ type, class: "secret", start: match.index, end: match.index + match[0].length, confidence: 0.98 });
    }
  }
  return findings;
}
