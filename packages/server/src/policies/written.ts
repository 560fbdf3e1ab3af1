import { parseManifest } from "@mandate/model/manifest";
import type { ManifestObject } from "@mandate/model/manifest";
import type { PolicyProblem } from "@mandate/policy";
import type { PolicySpec } from "./proposal.ts";

/** A problem and where in the text it stands, counted from one; null when no text was sent. */
export interface PlacedProblem {
  readonly rule: string | null;
  readonly message: string;
  readonly remedy: string;
  readonly line: number | null;
  readonly column: number | null;
}

export interface Written {
  /** Undefined while the text has problems of its own. */
  readonly spec: PolicySpec | undefined;
  readonly problems: readonly PlacedProblem[];
  readonly place: (problem: PolicyProblem) => PlacedProblem;
  readonly lineOfTest: (index: number) => number | null;
}

/** What was sent without text has no places. */
export const unwritten: Omit<Written, "spec"> = {
  problems: [],
  place: ({ rule, message, remedy }) => ({ rule, message, remedy, line: null, column: null }),
  lineOfTest: () => null,
};

/** Reads one policy as somebody types it: a manifest of that policy and nothing else. */
export function readWritten(name: string, manifest: string): Written {
  const { objects, problems } = parseManifest(manifest, { file: "" });
  const found = problems.map(({ line, column, field, message, remedy }): PlacedProblem => ({ rule: null, message: field === "" ? message : `${field}: ${message}`, remedy, line, column }));
  const [object, more] = objects;
  if (found.length === 0 && (object?.kind !== "Policy" || object.name !== name || more !== undefined)) {
    const at = (more ?? object)?.placeOf(more === undefined ? ["metadata", "name"] : []) ?? { line: 1, column: 1 };
    found.push({ rule: null, message: `This isn't the policy ${name} alone.`, remedy: `Write one document with kind Policy and metadata.name ${name}.`, ...at });
  }
  if (found.length > 0 || object === undefined) return { ...unwritten, spec: undefined, problems: found };
  return {
    spec: object.spec,
    problems: [],
    place: (problem) => ({ rule: problem.rule, message: problem.message, remedy: problem.remedy, ...placeOfRule(object, problem.rule) }),
    lineOfTest: (index) => object.placeOf(["spec", "tests", index]).line,
  };
}

function placeOfRule(object: ManifestObject, rule: string | null): { line: number; column: number } {
  const { rules } = object.spec as PolicySpec;
  const index = rules?.findIndex((one) => one.id === rule) ?? -1;
  return object.placeOf(["spec", ...(rules === undefined ? ["cedar"] : ["rules", ...(index < 0 ? [] : [index])])]);
}
