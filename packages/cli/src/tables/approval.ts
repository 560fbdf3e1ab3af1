import type { CommandSpec } from "../command.ts";
import { reason } from "./options.ts";

/** Commands by which people decide what waits for them. */
export const approvalCommands: readonly CommandSpec[] = [
  {
    words: "approvals list",
    group: "Decide",
    summary: "What waits for a person",
    options: [
      {
        flags: "--state <state>",
        text: "which",
        choices: ["pending", "approved", "refused", "lapsed", "all"],
        default: "pending",
      },
    ],
    examples: ["mandate approvals list", "mandate approvals list --state all -o json"],
    load: async () => (await import("../commands/approvals.ts")).list,
  },
  {
    words: "approve",
    group: "Decide",
    summary: "Approve one held call or change, once; or several held calls of one kind",
    args: [{ name: "id", text: "apr_…", many: true }],
    options: [
      reason,
      {
        flags: "--condition <condition...>",
        text: "with a pilot or production: metric=…,threshold=… or subject=…,due=DAY,consequence=restrict|suspend|reassess",
      },
    ],
    examples: [
      'mandate approve apr_01k… --reason "The customer sent the receipt"',
      'mandate approve apr_01k… apr_01m… --reason "Both receipts are there"',
      'mandate approve apr_01k… --condition metric=findings_open,threshold=0,due=2027-01-31,consequence=suspend --reason "Fit"',
    ],
    load: async () => (await import("../commands/approvals.ts")).approve,
  },
  {
    words: "refuse",
    group: "Decide",
    summary: "Refuse one held call or change, or several held calls of one kind",
    args: [{ name: "id", text: "apr_…", many: true }],
    options: [reason],
    examples: ['mandate refuse apr_01k… --reason "No receipt"'],
    load: async () => (await import("../commands/approvals.ts")).refuse,
  },
  {
    words: "reassessment list",
    group: "Decide",
    summary: "What changed after it was approved and has to be decided",
    options: [
      { flags: "--state <state>", text: "open or decided", choices: ["open", "decided"] },
      { flags: "--system <name>", text: "those that reach one system" },
    ],
    examples: ["mandate reassessment list --state open"],
    load: async () => (await import("../commands/reassessment.ts")).list,
  },
  {
    words: "reassessment show",
    group: "Decide",
    summary: "Old against new for each system, and the answers that it contradicts",
    args: [{ name: "id", text: "rea_…" }],
    examples: ["mandate reassessment show rea_01k…"],
    load: async () => (await import("../commands/reassessment.ts")).show,
  },
  {
    words: "reassessment decide",
    group: "Decide",
    summary: "Say that it is still fine, fine under tighter terms, or suspend",
    args: [{ name: "id", text: "rea_…" }],
    options: [
      { flags: "--outcome <outcome>", text: "what is decided", required: true, choices: ["reaffirmed", "tightened", "suspended"] },
      { flags: "--system <name>", text: "for one system; default all that wait" },
      { flags: "--ends <instant>", text: "with tightened: a day or RFC 3339, nearer than the authorization's end" },
      reason,
    ],
    examples: ['mandate reassessment decide rea_01k… --outcome reaffirmed --reason "Same data, other host"'],
    load: async () => (await import("../commands/reassessment.ts")).decide,
  },
  {
    words: "change-events",
    group: "Decide",
    summary: "What changed, and who or what noticed",
    options: [{ flags: "--reassessment <id>", text: "of one case" }],
    examples: ["mandate change-events", "mandate change-events --reassessment rea_01k…"],
    load: async () => (await import("../commands/reassessment.ts")).changeEvents,
  },
  {
    words: "vendor report",
    group: "Decide",
    summary: "Report a vendor's own change; it reaches every system that depends on it",
    args: [{ name: "name", text: "the vendor" }],
    options: [
      { flags: "--kind <kind>", text: "what changed", required: true, choices: ["terms", "sub-processor", "region", "training", "breach", "sanction"] },
      { flags: "--summary <text>", text: "one line", required: true },
      { flags: "--value <text>", text: "what it is now, such as US for a region" },
      { flags: "--source <url>", text: "where the vendor says so" },
    ],
    examples: ['mandate vendor report acme --kind region --value US --summary "Moves inference to Virginia"'],
    load: async () => (await import("../commands/reassessment.ts")).reportVendor,
  },
  {
    words: "delegation list",
    group: "Decide",
    summary: "Who answers for whom during an absence",
    examples: ["mandate delegation list"],
    load: async () => (await import("../commands/delegation.ts")).list,
  },
  {
    words: "delegation create",
    group: "Decide",
    summary: "Name who answers while you are away; it ends by itself",
    args: [{ name: "email", text: "the delegate, never an administrator" }],
    options: [{ flags: "--for <duration>", text: "5d, 30d; at most 90d", required: true }, reason],
    examples: ['mandate delegation create ines@example.com --for 14d --reason "On leave"'],
    load: async () => (await import("../commands/delegation.ts")).create,
  },
  {
    words: "delegation end",
    group: "Decide",
    summary: "End a delegation early",
    args: [{ name: "id", text: "dlg_…" }],
    examples: ["mandate delegation end dlg_01k…"],
    load: async () => (await import("../commands/delegation.ts")).end,
  },
];
