import { creditCard } from "./credit-card/detector.ts";
import { email } from "./email/detector.ts";
import { iban } from "./iban/detector.ts";
import { ipAddress } from "./ip-address/detector.ts";
import { phone } from "./phone/detector.ts";
import { secrets } from "./secrets/detector.ts";
import type { Detector, Finding, FindingClass } from "./types.ts";
import { usSsn } from "./us-ssn/detector.ts";

/** Names and postal addresses are not here: no honest pattern finds them, and a check that can't see must not pass. */
export const detectors: readonly Detector[] = [secrets, email, iban, creditCard, usSsn, ipAddress, phone];

/** Ids and versions of all detectors, for the evaluated context of each intent. */
export const detectorVersions: Readonly<Record<string, string>> = Object.fromEntries(
  detectors.map((detector) => [detector.id, detector.version]),
);

/** Findings in order of their start, none overlapping: the more confident, then the longer, wins. */
export function detect(text: string, classes?: readonly FindingClass[]): readonly Finding[] {
  const findings = detectors
    .filter((detector) => classes === undefined || classes.includes(detector.kind))
    .flatMap((detector) => detector.detect(text));
  if (findings.length < 2) return findings;
  findings.sort((a, b) => a.start - b.start || b.confidence - a.confidence || b.end - a.end);
  const kept: Finding[] = [];
  for (const finding of findings) {
    const last = kept.at(-1);
    if (last === undefined || finding.start >= last.end) kept.push(finding);
    else if (finding.confidence > last.confidence) kept[kept.length - 1] = finding;
  }
  return kept;
}
