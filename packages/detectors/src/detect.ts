import { address } from "./address/detector.ts";
import { creditCard } from "./credit-card/detector.ts";
import { date } from "./date/detector.ts";
import { email } from "./email/detector.ts";
import { health } from "./health/detector.ts";
import { iban } from "./iban/detector.ts";
import { injection } from "./injection/detector.ts";
import { ipAddress } from "./ip-address/detector.ts";
import { person } from "./person/detector.ts";
import { phone } from "./phone/detector.ts";
import { secrets } from "./secrets/detector.ts";
import { sourceCode } from "./source-code/detector.ts";
import { read } from "./triggers.ts";
import type { Channel, Detector, Finding, FindingClass } from "./types.ts";
import { usSsn } from "./us-ssn/detector.ts";

export const detectors: readonly Detector[] = [
  secrets,
  email,
  iban,
  creditCard,
  usSsn,
  ipAddress,
  phone,
  date,
  address,
  person,
  health,
  sourceCode,
  injection,
];

/** Ids and versions of all detectors, for the evaluated context of each intent. */
export const detectorVersions: Readonly<Record<string, string>> = Object.fromEntries(
  detectors.map((detector) => [detector.id, detector.version]),
);

export interface DetectOptions {
  /** Absent: all. */
  readonly classes?: readonly FindingClass[];
  /** Only these; `secret` means every `secret.*`. Nothing else is looked for, so nothing else can win an overlap. */
  readonly types?: readonly string[];
  /** Where the text came from; a user's, unless said otherwise. */
  readonly channel?: Channel;
}

/**
 * Findings in order of their start. INVARIANT: those of one class never overlap (the more confident, then the longer,
 * wins), and an injection or a program around a secret hides neither.
 */
export function detect(text: string, options: DetectOptions = {}): readonly Finding[] {
  const { classes, types, channel = "user" } = options;
  const reading = read(text);
  const found: Finding[] = [];
  for (const detector of types === undefined ? detectors : yielding(types)) {
    if (reading.digits < detector.minDigits || classes?.includes(detector.kind) === false) continue;
    for (const finding of detector.detect(text, reading, channel)) if (types === undefined || isAmong(finding.type, types)) found.push(finding);
  }
  if (found.length < 2) return found;
  const content = withoutOverlap(found.filter((finding) => finding.class === "pii" || finding.class === "secret"));
  const around = (["injection", "code"] as const).flatMap((kind) => withoutOverlap(found.filter((finding) => finding.class === kind)));
  return around.length === 0 ? content : [...content, ...around].sort((a, b) => a.start - b.start || b.end - a.end);
}

/** By list of types: rules name the same few for each of many short texts. */
const chosen = new WeakMap<readonly string[], readonly Detector[]>();

function yielding(types: readonly string[]): readonly Detector[] {
  let some = chosen.get(types);
  if (some === undefined) {
    some = detectors.filter((detector) => types.some((type) => yields(detector, type)));
    chosen.set(types, some);
  }
  return some;
}

/** Whether a detector can find this type. */
export function yields(detector: Detector, type: string): boolean {
  return detector.types.includes(type) || (type.startsWith("secret.") && detector.types.includes("secret"));
}

/** Whether a finding's type is one of those named; `secret` names every `secret.*`. */
export function isAmong(type: string, types: readonly string[]): boolean {
  return types.includes(type) || (type.startsWith("secret.") && types.includes("secret"));
}

function withoutOverlap(findings: Finding[]): readonly Finding[] {
  findings.sort((a, b) => a.start - b.start || b.confidence - a.confidence || b.end - a.end);
  const kept: Finding[] = [];
  for (const finding of findings) {
    const last = kept.at(-1);
    if (last === undefined || finding.start >= last.end) kept.push(finding);
    else if (finding.confidence > last.confidence) kept[kept.length - 1] = finding;
  }
  return kept;
}
