import type { CommandSpec, OptionSpec } from "../command.ts";
import { reason } from "./options.ts";

const since: OptionSpec = { flags: "--since <instant>", text: "from, RFC 3339" };
const until: OptionSpec = { flags: "--until <instant>", text: "to, RFC 3339" };
const what: readonly OptionSpec[] = [
  { flags: "--subject <id>", text: "one person, as tokens name them: SUB, or ISSUER#SUB" },
  { flags: "--issuer <url>", text: "who issued the person's tokens" },
  { flags: "--system <name>", text: "what one system's calls said" },
  { flags: "--session <id>", text: "one conversation" },
  { flags: "--entry <place>", text: "one entry, as LOG#NUMBER" },
];
const basis: OptionSpec = { flags: "--basis <text>", text: "the law or request it rests on" };

/** Commands about what entries sealed: finding it, opening it, erasing it, keeping it, and making decisions again. */
export const contentCommands: readonly CommandSpec[] = [
  {
    words: "evidence search",
    group: "Prove",
    summary: "Decisions by system, person, tool, rule, reason, data class, entry and time; with -f as a file",
    options: [
      { flags: "--system <name>", text: "of one system" },
      { flags: "--person <email>", text: "of who answers for the credential" },
      { flags: "--tool <name>", text: "called directly or inside a model's answer" },
      { flags: "--rule <id>", text: "decided by this rule" },
      { flags: "--why <words>", text: "whose reason has these words" },
      { flags: "--code <code>", text: "refused with this code" },
      { flags: "--class <class>", text: "with data of this class" },
      { flags: "--outcome <outcome>", text: "only these", choices: ["allow", "hold", "deny"] },
      { flags: "--session <id>", text: "of one conversation" },
      { flags: "--trace <id>", text: "of one W3C trace, by its 32 hex digits" },
      { flags: "--entry <place>", text: "the decision of one entry, as LOG#NUMBER" },
      since,
      until,
      { flags: "-n, --limit <count>", text: "how many to show", default: "50" },
      { flags: "-f, --file <file>", text: "write all of them to a file; - is standard output" },
      { flags: "--format <format>", text: "of the file", choices: ["csv", "jsonl"], default: "csv" },
    ],
    examples: ["mandate evidence search --tool refunds.issue --outcome deny", "mandate evidence search --class personal --since 2026-06-01T00:00:00Z -f june.csv"],
    load: async () => (await import("../commands/search.ts")).search,
  },
  {
    words: "evidence session",
    group: "Prove",
    summary: "One conversation: its model calls, tool calls, holds and labels, and what its application reports of itself",
    args: [{ name: "id", text: "the session, as search shows it" }],
    examples: ["mandate evidence session ses_01k…"],
    load: async () => (await import("../commands/search.ts")).session,
  },
  {
    words: "evidence open",
    group: "Prove",
    summary: "Open what an entry sealed; that you did, and why, is an entry",
    args: [{ name: "entry", text: "LOG#NUMBER" }],
    options: [reason],
    examples: ['mandate evidence open localhost/halden/gw-1/1#1204 --reason "complaint 77"'],
    load: async () => (await import("../commands/content.ts")).open,
  },
  {
    words: "evidence erase",
    group: "Prove",
    summary: "Ask for content to be erased; a second person agrees, and its keys are destroyed",
    options: [...what, basis, reason, { flags: "--dry-run", text: "only say how much it is" }, { flags: "--list", text: "what was erased: the receipts" }],
    examples: ['mandate evidence erase --subject 8841 --issuer https://id.example --basis "GDPR Art. 17, request 117" --reason "she asked"', "mandate evidence erase --list"],
    load: async () => (await import("../commands/content.ts")).erase,
  },
  {
    words: "evidence hold",
    group: "Prove",
    summary: "Legal hold: nothing of it is erased or ends",
    options: [...what, basis, { flags: "--list", text: "every hold, released ones too" }],
    examples: ['mandate evidence hold --system support-concierge --basis "litigation 4 O 12/26"'],
    load: async () => (await import("../commands/content.ts")).hold,
  },
  {
    words: "evidence release",
    group: "Prove",
    summary: "Release a legal hold",
    args: [{ name: "id", text: "hld_…" }],
    options: [reason],
    examples: ['mandate evidence release hld_01k… --reason "settled"'],
    load: async () => (await import("../commands/content.ts")).release,
  },
  {
    words: "decisions replay",
    group: "Prove",
    summary: "Make a decision, or a period's, again from what was sealed, and compare",
    args: [{ name: "id", text: "dec_…", optional: true }],
    options: [
      { flags: "--system <name>", text: "of one system" },
      since,
      until,
      { flags: "--under <terms>", text: "record, or production: as if the system's present version were in production", choices: ["record", "production"] },
    ],
    examples: ["mandate decisions replay dec_01k…", "mandate decisions replay --since 2026-06-01T00:00:00Z", "mandate decisions replay --system notes --under production"],
    load: async () => (await import("../commands/replay.ts")).replay,
  },
];
