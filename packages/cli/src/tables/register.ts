import type { CommandSpec, OptionSpec } from "../command.ts";
import { files, reason } from "./options.ts";

const asOf: OptionSpec = { flags: "--as-of <instant>", text: "as the register stood then: RFC 3339, or at an entry as LOG#NUMBER" };
const detailed: OptionSpec = { flags: "--detailed-exitcode", text: "exit 2 when there are changes" };

const system = (verb: string, summary: string): CommandSpec => ({
  words: `system ${verb}`,
  group: "Lifecycle",
  summary,
  args: [{ name: "name", text: "the system" }],
  options: [reason],
  examples: [`mandate system ${verb} support-concierge --reason "…"`],
  load: async () => (await import("../commands/system.ts")).changeState(verb),
});

/** Commands on manifests, the objects they make, and a system's life. */
export const registerCommands: readonly CommandSpec[] = [
  {
    words: "validate",
    group: "Record",
    summary: "Check manifests; problems name file, line, field and remedy",
    options: [files],
    examples: ["mandate validate -f registry/"],
    load: async () => (await import("../commands/apply.ts")).validate,
  },
  {
    words: "plan",
    group: "Record",
    summary:
      "Show what applying would create, change and remove, what needs approval, and which authorization it voids",
    options: [files, { flags: "--out <file>", text: "keep the plan for `mandate apply FILE`" }, detailed],
    examples: ["mandate plan -f registry/", "mandate plan -f registry/ --out plan.json && mandate apply plan.json"],
    load: async () => (await import("../commands/apply.ts")).plan,
  },
  {
    words: "diff",
    group: "Record",
    summary: "Show changed lines between the register and manifests",
    options: [files, detailed],
    examples: ["mandate diff -f support-concierge.yaml"],
    load: async () => (await import("../commands/diff.ts")).diff,
  },
  {
    words: "apply",
    group: "Record",
    summary: "Apply manifests, all or nothing",
    args: [{ name: "plan", text: "a kept plan: exactly that is applied, or nothing", optional: true }],
    options: [files],
    examples: ["mandate apply -f registry/", "cat system.yaml | mandate apply -f -", "mandate apply plan.json"],
    load: async () => (await import("../commands/apply.ts")).apply,
  },
  {
    words: "import",
    group: "Record",
    summary: "Turn a spreadsheet into proposed systems, or another gateway's configuration into models; says what found no place",
    args: [
      { name: "format", text: "csv, xlsx, litellm or portkey" },
      { name: "file", text: "a sheet whose first row has headings such as Name, Purpose, Business owner; or the gateway's configuration" },
    ],
    options: [
      reason,
      { flags: "--dry-run", text: "report only" },
      { flags: "--report <file>", text: "keep the report as CSV in a new file" },
    ],
    examples: ["mandate import csv use-cases.csv --dry-run", "mandate import xlsx use-cases.xlsx --report report.csv", "mandate import litellm config.yaml > models.yaml"],
    load: async () => (await import("../commands/import.ts")).importFile,
  },
  {
    words: "get",
    group: "Record",
    summary: "List a kind, or get one object",
    args: [
      { name: "resource", text: "kind or kind/name" },
      { name: "name", text: "the object", optional: true },
    ],
    options: [
      asOf,
      { flags: "--filter <field=value...>", text: "only those whose field has this value" },
      { flags: "--limit <count>", text: "at most so many", default: "200" },
    ],
    examples: [
      "mandate get systems",
      "mandate get system/support-concierge -o yaml",
      "mandate get systems --filter tier=T3 -o name",
      "mandate get systems --as-of 2026-06-30T00:00:00Z",
    ],
    load: async () => (await import("../commands/get.ts")).get,
  },
  {
    words: "describe",
    group: "Record",
    summary: "Show one object with everything known about it",
    args: [
      { name: "resource", text: "kind/name" },
      { name: "name", text: "the object", optional: true },
    ],
    options: [asOf],
    examples: ["mandate describe system/support-concierge"],
    load: async () => (await import("../commands/get.ts")).describe,
  },
  system("promote", "Ask for production; its tier's approvers decide"),
  system("suspend", "Refuse all its calls, within a second"),
  system("resume", "End a suspension"),
  system("renew", "Ask for a new end date"),
  system("retire", "End it for good; its keys are revoked"),
  {
    words: "system reach",
    group: "Explain",
    summary: "Through whom: what a system shares with others, and by which authorization or policy; with --grant or --cut, which of last week's calls would have come out otherwise",
    args: [{ name: "name", text: "the system" }],
    options: [
      { flags: "--grant <thing>", text: "decide last week's calls again with this granted, such as tool:orders.find; nothing is changed" },
      { flags: "--cut <thing>", text: "decide them again without it" },
    ],
    examples: ["mandate system reach support-concierge", "mandate system reach support-concierge --cut tool:refunds.issue"],
    load: async () => (await import("../commands/system-reach.ts")).systemReach,
  },
];
