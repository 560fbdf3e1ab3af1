import { detect, detectors } from "./detect.ts";
import type { Finding } from "./types.ts";

export interface Redaction {
  readonly text: string;
  readonly findings: readonly Finding[];
  /** Types asked for that no detector sees. INVARIANT: with one here the text was *not* checked for it. */
  readonly undetectable: readonly string[];
}

/** Replaces findings of these types (`secret` means every `secret.*`) by `[TYPE]`. */
export function redact(text: string, types: readonly string[]): Redaction {
  const wanted = (type: string): boolean =>
    types.includes(type) || (type.startsWith("secret.") && types.includes("secret"));
  const findings = detect(text).filter((finding) => wanted(finding.type));
  let redacted = "";
  let position = 0;
  for (const finding of findings) {
    redacted += `${text.slice(position, finding.start)}[${finding.type.toUpperCase()}]`;
    position = finding.end;
  }
  return { text: redacted + text.slice(position), findings, undetectable: types.filter((type) => !canDetect(type)) };
}

function canDetect(type: string): boolean {
  return detectors.some(
    (detector) => detector.types.includes(type) || (type.startsWith("secret.") && detector.types.includes("secret")),
  );
}
