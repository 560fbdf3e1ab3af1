export type { Detector, Finding, FindingClass } from "./types.ts";
export { detect, detectors, detectorVersions } from "./detect.ts";
export { redact, type Redaction } from "./redact.ts";
