import type { CommandSpec } from "../command.ts";

/** The record in formats that other tools read. */
export const exportCommands: readonly CommandSpec[] = [
  {
    words: "export",
    group: "Prove",
    summary: "Write the record in a format of others: OSCAL, CycloneDX, SARIF, OCSF, in-toto, a model card",
    args: [{ name: "format", text: "`mandate export formats` lists them" }],
    options: [
      { flags: "-f, --file <file>", text: "where to write; default standard output" },
      { flags: "--system <name>", text: "one system; cyclonedx and model-card need it; default all you may read" },
    ],
    examples: ["mandate export oscal-assessment-results -f results.json", "mandate export cyclonedx --system support-concierge -f bom.cdx.json"],
    load: async () => (await import("../commands/export.ts")).write,
  },
  {
    words: "export formats",
    group: "Prove",
    summary: "List what can be exported, and what each format holds",
    examples: ["mandate export formats"],
    load: async () => (await import("../commands/export.ts")).formats,
  },
  {
    words: "export check",
    group: "Prove",
    summary: "Check offline that an export means what it says: references, ids, counts, dates, hashes, no verdicts; exit 1 when not",
    args: [{ name: "file", text: "a file that `mandate export` wrote" }],
    examples: ["mandate export check results.json", "mandate export check events.ocsf.jsonl -o json"],
    server: false,
    load: async () => (await import("../commands/export.ts")).check,
  },
  {
    words: "export stream list",
    group: "Prove",
    summary: "Where events go as they happen, how far each log has got there, and what fails",
    examples: ["mandate export stream list", "mandate export stream list -o json"],
    load: async () => (await import("../commands/event-stream.ts")).list,
  },
  {
    words: "export stream set",
    group: "Prove",
    summary: "Send OCSF events to a SIEM over HTTP or syslog (RFC 5424); an existing stream goes on where it stands",
    args: [{ name: "name", text: "what to call it" }],
    options: [
      { flags: "--to <address>", text: "https://…, syslog+tls://HOST:PORT or syslog+tcp://HOST:PORT", required: true },
      { flags: "--secret <name>", text: "over HTTP: upstream secret sealed for that host" },
      { flags: "--scheme <word>", text: "of the Authorization header; default Bearer" },
      { flags: "--ca <file>", text: "over TLS: PEM of the authority that signed the receiver's certificate" },
      { flags: "--certificate <file>", text: "over TLS: PEM of the certificate that we show; needs --key" },
      { flags: "--key <name>", text: "over TLS: secret that holds its private key, sealed for that host (mandate secret set NAME < key.pem)" },
      { flags: "--from <start>", text: "of a new stream", choices: ["now", "start"], default: "now" },
      { flags: "--reason <text>", text: "why; stands in the evidence", required: true },
    ],
    examples: ['mandate export stream set siem --to syslog+tls://logs.example:6514 --reason "SOC"', 'mandate export stream set splunk --to https://splunk.example:8088/services/collector/raw --secret hec --scheme Splunk --from start --reason "SOC"', 'mandate export stream set soc --to https://soc.example:8443/events --ca soc-root.pem --certificate mandate.pem --key soc-key --reason "SOC"'],
    load: async () => (await import("../commands/event-stream.ts")).put,
  },
  {
    words: "export stream remove",
    group: "Prove",
    summary: "Send nothing more there",
    args: [{ name: "name", text: "the stream" }],
    options: [{ flags: "--reason <text>", text: "why; stands in the evidence", required: true }],
    examples: ['mandate export stream remove siem --reason "moved"'],
    load: async () => (await import("../commands/event-stream.ts")).remove,
  },
];
