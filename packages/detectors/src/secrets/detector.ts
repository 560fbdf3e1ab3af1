import type { Detector, Finding } from "../types.ts";
import { assignedSecrets } from "./assignments.ts";
import { carriedSecrets } from "./carried.ts";
import { providerShapes } from "./provider-shapes.ts";

/** The documentation's own example keys are no secrets, nor is a shape filled with one letter. */
const published = /EXAMPLE$|^(?:sk|rk)_test_.{0,8}$|(.)\1{11}/;

/** Letters by design: nothing random to look for, and its lines may be short. */
const heading = "secret.private_key";
const privateKeys = providerShapes.filter(({ type }) => type === heading);
/** No other shape is shorter. */
const shortestKey = 15;

export const secrets: Detector = {
  id: "secrets",
  version: "2.0.0",
  kind: "secret",
  types: ["secret"],
  minDigits: 0,
  coverage: "stated",
  detect: (text, reading) => {
    const findings: Finding[] = [];
    const possible = reading.longestRun < shortestKey ? privateKeys : providerShapes;
    for (const { type, keyword, pattern } of possible) {
      if (!text.includes(keyword)) continue;
      for (const match of text.matchAll(pattern)) {
        if (type !== heading && (published.test(match[0].replace(/A{22}/, "")) || /x{8}|X{8}/.test(match[0]))) continue;
        findings.push({ type, class: "secret", start: match.index, end: match.index + match[0].length, confidence: 0.98 });
      }
    }
    return [...findings, ...carriedSecrets(text), ...(reading.has("secretName") ? assignedSecrets(text) : [])];
  },
};
