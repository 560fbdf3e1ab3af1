/** What can be exported, by the name that API, CLI and console use. */
export const exportFormats = [
  { name: "oscal-catalog", title: "OSCAL catalog", holds: "The product's own controls: statement, measure, evidence.", mediaType: "application/json", extension: "json", needsSystem: false },
  { name: "oscal-component-definition", title: "OSCAL component definition", holds: "The product, the AI systems and what they use, and what each control measured.", mediaType: "application/json", extension: "json", needsSystem: false },
  { name: "oscal-assessment-plan", title: "OSCAL assessment plan", holds: "Which control is measured how, how often and on what.", mediaType: "application/json", extension: "json", needsSystem: false },
  { name: "oscal-assessment-results", title: "OSCAL assessment results", holds: "What each control measured; what was not measured stands there as not measured.", mediaType: "application/json", extension: "json", needsSystem: false },
  { name: "oscal-poam", title: "OSCAL plan of action and milestones", holds: "Failing and unmeasured controls, and open findings, with owner and date.", mediaType: "application/json", extension: "json", needsSystem: false },
  { name: "oscal-mapping", title: "OSCAL mapping collection", holds: "Which items of the frameworks each control supports.", mediaType: "application/json", extension: "json", needsSystem: false },
  { name: "cyclonedx", title: "CycloneDX bill of materials", holds: "Models, data, prompts, tools and recipients of one system, with digests.", mediaType: "application/vnd.cyclonedx+json; version=1.7", extension: "cdx.json", needsSystem: true },
  { name: "sarif", title: "SARIF", holds: "Findings that aren't closed, for code scanning and trackers.", mediaType: "application/sarif+json", extension: "sarif", needsSystem: false },
  { name: "ocsf", title: "OCSF events", holds: "Every entry of the log as an event, a line each, without content.", mediaType: "application/x-ndjson", extension: "ocsf.jsonl", needsSystem: false },
  { name: "in-toto", title: "in-toto statement", holds: "The systems' version digests and authorizations, signed with the log's key.", mediaType: "application/vnd.in-toto+json", extension: "dsse.json", needsSystem: false },
  { name: "model-card", title: "Model card", holds: "What one system is for, what it may do, what is known of it; for people.", mediaType: "text/markdown; charset=utf-8", extension: "md", needsSystem: true },
] as const;

export type ExportFormat = (typeof exportFormats)[number]["name"];
export const exportFormatNames = exportFormats.map((one) => one.name) as readonly ExportFormat[];

/** Namespace of properties that are ours, in formats of others. */
export const exportNamespace = "https://mandate.dev/ns/export";
export const exportSchema = "mandate.export/1";
