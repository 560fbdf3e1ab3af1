import type { CommandSpec, OptionSpec } from "../command.ts";
import { reason } from "./options.ts";

const audit = [{ name: "id", text: "as audit list shows it" }] as const;
const member: readonly OptionSpec[] = [
  { flags: "--draw <number>", text: "which sample", default: "1" },
  { flags: "--member <number>", text: "which of its members, from 1" },
];

/** The auditor's room: population, sample, traces, questions. */
export const auditCommands: readonly CommandSpec[] = [
  {
    words: "audit list",
    group: "Prove",
    summary: "Audits you take part in",
    options: [{ flags: "--state <state>", text: "only these", choices: ["open", "ended", "closed"] }],
    examples: ["mandate audit list --state open"],
    load: async () => (await import("../commands/audit.ts")).list,
  },
  {
    words: "audit open",
    group: "Prove",
    summary: "Open a room for auditors; their access ends by itself",
    options: [
      { flags: "--title <text>", text: "what is audited", required: true },
      { flags: "--auditor <email...>", text: "people with the role auditor and no other", required: true },
      { flags: "--system <name...>", text: "only these systems; default all" },
      { flags: "--framework <key>", text: "what it is held to, as `get frameworks` lists it" },
      { flags: "--since <instant>", text: "period from, RFC 3339" },
      { flags: "--until <instant>", text: "period to, RFC 3339" },
      { flags: "--ends <day>", text: "when access ends, within a year", required: true },
      { flags: "--inside", text: "its auditors are of the house: their other access stays when it ends" },
    ],
    examples: ["mandate audit open --title 'Year 2026' --auditor ada@auditors.example --system support-concierge --ends 2027-03-31"],
    load: async () => (await import("../commands/audit.ts")).open,
  },
  {
    words: "audit show",
    group: "Prove",
    summary: "The room: scope, population, samples, questions; with --member a member's whole trace",
    args: audit,
    options: member,
    examples: ["mandate audit show aud_01k…", "mandate audit show aud_01k… --member 3 -o json"],
    load: async () => (await import("../commands/audit.ts")).show,
  },
  {
    words: "audit population",
    group: "Prove",
    summary: "Fix the population at the newest checkpoint, once and for all",
    args: audit,
    examples: ["mandate audit population aud_01k…"],
    load: async () => (await import("../commands/audit.ts")).population,
  },
  {
    words: "audit sample",
    group: "Prove",
    summary: "Draw a sample with a value of your own: dice, a headline, whatever nobody here knew",
    args: audit,
    options: [
      { flags: "--value <text>", text: "your value", required: true },
      { flags: "--size <number>", text: "members", default: "25" },
    ],
    examples: ["mandate audit sample aud_01k… --value 'dice 4 1 6 6 2' --size 25"],
    load: async () => (await import("../commands/audit.ts")).sample,
  },
  {
    words: "audit ask",
    group: "Prove",
    summary: "Ask a question, about a member of a sample or the whole",
    args: audit,
    options: [{ flags: "--text <text>", text: "the question", required: true }, ...member],
    examples: ["mandate audit ask aud_01k… --member 3 --text 'Who approved this?'"],
    load: async () => (await import("../commands/audit.ts")).ask,
  },
  {
    words: "audit answer",
    group: "Prove",
    summary: "Answer an auditor's question",
    args: audit,
    options: [
      { flags: "--question <number>", text: "as audit show numbers it", required: true },
      { flags: "--text <text>", text: "the answer", required: true },
    ],
    examples: ["mandate audit answer aud_01k… --question 4 --text 'Ada did; see the approval.'"],
    load: async () => (await import("../commands/audit.ts")).answer,
  },
  {
    words: "audit reads",
    group: "Prove",
    summary: "What was read in the room",
    args: audit,
    examples: ["mandate audit reads aud_01k…"],
    load: async () => (await import("../commands/audit.ts")).reads,
  },
  {
    words: "audit close",
    group: "Prove",
    summary: "End an audit before its end",
    args: audit,
    options: [reason],
    examples: ["mandate audit close aud_01k… --reason 'report delivered'"],
    load: async () => (await import("../commands/audit.ts")).close,
  },
];
