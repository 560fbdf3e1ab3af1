import { detect, detectors, yields } from "./detect.ts";
import type { Finding } from "./types.ts";

export interface Redaction {
  readonly text: string;
  readonly findings: readonly Finding[];
  /** Types asked for that no detector sees. INVARIANT: with one here the text was *not* checked for it. */
  readonly undetectable: readonly string[];
}

/** Replaces findings of these types (`secret` means every `secret.*`) by `[TYPE]`. */
export function redact(text: string, types: readonly string[]): Redaction {
  return replaceFindings(text, types, (finding) => `[${finding.type.toUpperCase()}]`);
}

/** As `redact`, with what the caller puts in a finding's place. */
export function replaceFindings(
  text: string,
  types: readonly string[],
  replacement: (finding: Finding, value: string) => string,
): Redaction {
  const findings = detect(text, { types });
  let replaced = "";
  let position = 0;
  for (const finding of findings) {
    // A secret in a program overlaps it: what was replaced already is gone.
    if (finding.start < position) continue;
    replaced += text.slice(position, finding.start) + replacement(finding, text.slice(finding.start, finding.end));
    position = finding.end;
  }
  return { text: replaced + text.slice(position), findings, undetectable: undetectable(types) };
}

/** Those of `types` that no detector sees: a rule that names one can't be met here. */
export function undetectable(types: readonly string[]): readonly string[] {
  return types.filter((type) => !detectors.some((detector) => yields(detector, type)));
}
