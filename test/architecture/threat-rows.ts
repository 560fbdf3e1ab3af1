/** A row of the table *What detects what* in docs/evidence.md. */
export interface ThreatRow {
  readonly threat: string;
  readonly attack: string;
  readonly detectedBy: string;
  readonly says: string;
  /** Null: nobody carries it out, and the row says why. */
  readonly test: { readonly path: string; readonly title: string } | null;
}

export function threatRows(page: string): readonly ThreatRow[] {
  const table = page.split("## What detects what\n", 2)[1]?.split("\n## ", 1)[0] ?? "";
  return table.split("\n").filter((line) => line.startsWith("| ") && !line.startsWith("| Threat ")).map((line) => {
    const [threat = "", attack = "", detectedBy = "", says = "", where = ""] = line.slice(2, -2).split(" | ");
    const [, path, title] = /^`([^`]+)`: (.+)$/.exec(where) ?? [];
    return { threat, attack, detectedBy, says, test: path === undefined || title === undefined ? null : { path, title } };
  });
}

/** Whether the source declares a test of exactly this title. */
export function declaresTest(source: string, title: string): boolean {
  const escaped = title.replaceAll(/[.*+?^${}()|[\]\\]/g, "\\$&");
  return new RegExp(`\\b(?:test|it)\\("${escaped}"`).test(source);
}
