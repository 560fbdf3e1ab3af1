import type { Detector, Finding, FindingClass } from "./types.ts";

export declare const detectors: readonly Detector[];
/** Ids and versions of all detectors, for the evaluated context of each intent. */
export declare const detectorVersions: Readonly<Record<string, string>>;
/** Findings in order of their start, none overlapping. */
export declare function detect(text: string, classes?: readonly FindingClass[]): readonly Finding[];
