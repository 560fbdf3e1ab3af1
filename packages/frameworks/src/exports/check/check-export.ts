import type { ExportFormat } from "../formats.ts";
import { checkCycloneDx } from "./cyclonedx.ts";
import { checkInToto } from "./in-toto.ts";
import { checkModelCard } from "./model-card.ts";
import { checkOcsf } from "./ocsf.ts";
import { checkOscal, oscalRoots } from "./oscal.ts";
import { isObject, Problems } from "./problems.ts";
import type { ExportProblem, Json } from "./problems.ts";
import { checkSarif } from "./sarif.ts";

/** A file to check; each of these reads it from its start. */
export interface ExportFile {
  /** Its first line, at most 64 KB of it. */
  readonly firstLine: () => Promise<string>;
  readonly text: () => Promise<string>;
  readonly lines: () => AsyncIterable<string>;
}

export interface ExportCheck {
  /** Null: none that is exported here. */
  readonly format: ExportFormat | null;
  readonly ok: boolean;
  readonly problems: readonly ExportProblem[];
  /** Found beyond those listed. */
  readonly more: number;
}

/** Recognizes an export and checks what it means: what a schema can't see. Never throws for what the file holds. */
export async function checkExport(file: ExportFile): Promise<ExportCheck> {
  const problems = new Problems();
  const format = await check(file, problems);
  if (format === null && problems.found.length === 0) problems.add("document.unknown", "/", "is no export of Mandate's");
  return { format, ok: problems.found.length === 0, problems: problems.found, more: problems.more };
}

async function check(file: ExportFile, problems: Problems): Promise<ExportFormat | null> {
  const first = await file.firstLine();
  if (first.trim() === "---") {
    checkModelCard(await file.text(), problems);
    return "model-card";
  }
  if (/"class_uid":/.test(first) && !first.trimStart().startsWith("[")) {
    await checkOcsf(file.lines(), problems);
    return "ocsf";
  }
  let document: Json;
  try {
    document = JSON.parse(await file.text()) as Json;
  } catch (error) {
    problems.add("document.shape", "/", `is not JSON: ${error instanceof Error ? error.message.slice(0, 200) : ""}`);
    return null;
  }
  if (!isObject(document)) return null;
  if (document["bomFormat"] === "CycloneDX") {
    checkCycloneDx(document, problems);
    return "cyclonedx";
  }
  if (typeof document["payloadType"] === "string") {
    checkInToto(document, problems);
    return "in-toto";
  }
  if (Array.isArray(document["runs"])) {
    checkSarif(document, problems);
    return "sarif";
  }
  const root = Object.keys(document).find((name) => name in oscalRoots);
  if (root === undefined) return null;
  checkOscal(document, root, problems);
  return oscalRoots[root] as ExportFormat;
}
