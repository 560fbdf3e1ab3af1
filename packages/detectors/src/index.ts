export type { Channel, Detector, Finding, FindingClass } from "./types.ts";
export { detect, detectableTypes, type DetectOptions, detectors, detectorVersions, isAmong, partialTypes } from "./detect.ts";
export { redact, type Redaction, replaceFindings, undetectable } from "./redact.ts";
