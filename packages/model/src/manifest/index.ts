export { parseManifest, manifestLimits, metadataSchema } from "./parse.ts";
export type { ManifestObject, ParsedManifest, Place } from "./parse.ts";
export { explainIssues } from "./explain.ts";
export { fieldText, nearest } from "./problems.ts";
export type { ManifestProblem } from "./problems.ts";
export { renderManifest } from "./render.ts";
