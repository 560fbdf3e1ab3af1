import { MandateError } from "@mandate/sdk";
import type { ManifestObject } from "@mandate/model/manifest";
import type { ManifestStream } from "./manifest-files.ts";

/** Parses manifests on this machine. Raises a MandateError whose problems name file and line. */
export async function readObjects(stream: ManifestStream): Promise<readonly ManifestObject[]> {
  const { parseManifest } = await import("@mandate/model/manifest");
  const { objects, problems } = parseManifest(stream.yaml, { file: "" });
  if (problems.length === 0) return objects;
  throw new MandateError({
    code: "manifest.invalid",
    status: 422,
    message: `The manifests have ${problems.length} ${problems.length === 1 ? "problem" : "problems"}.`,
    details: { problems: problems.map((problem) => ({ ...problem, ...stream.placeOf(problem.line) })) },
  });
}
