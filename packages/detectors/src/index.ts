export type { Channel, Detector, Finding, FindingClass } from "./types.ts";
export { detect, type DetectOptions, detectors, detectorVersions, isAmong } from "./detect.ts";
export { redact, type Redaction, replaceFindings, undetectable } from "./redact.ts";
