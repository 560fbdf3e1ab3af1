import type { CommandSpec } from "./command.ts";

/** The record in formats that other tools read. */
export const exportCommands: readonly CommandSpec[] = [
  {
    words: "export",
    group: "Prove",
    summary: "Write the record in a format of others: OSCAL, CycloneDX, SARIF, OCSF, in-toto, a model card",
    args: [{ name: "format", text: "`mandate export formats` lists them" }],
    options: [
      { flags: "-f, --file <file>", text: "where to write, or - for standard output", required: true },
      { flags: "--system <name>", text: "one system; cyclonedx and model-card need it; default all you may read" },
    ],
    examples: ["mandate export oscal-assessment-results -f results.json", "mandate export cyclonedx --system support-concierge -f bom.cdx.json"],
    load: async () => (await import("./commands/export.ts")).write,
  },
  {
    words: "export formats",
    group: "Prove",
    summary: "List what can be exported, and what each format holds",
    examples: ["mandate export formats"],
    load: async () => (await import("./commands/export.ts")).formats,
  },
  {
    words: "export check",
    group: "Prove",
    summary: "Check offline that an export means what it says: references, ids, counts, dates, hashes, no verdicts; exit 1 when not",
    args: [{ name: "file", text: "a file that `mandate export` wrote" }],
    examples: ["mandate export check results.json", "mandate export check events.ocsf.jsonl -o json"],
    server: false,
    load: async () => (await import("./commands/export.ts")).check,
  },
];
