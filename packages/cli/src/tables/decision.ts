import type { CommandSpec } from "../command.ts";
import { files } from "./options.ts";

/** Commands on decisions that were made. */
export const decisionCommands: readonly CommandSpec[] = [
  {
    words: "decisions tail",
    group: "Explain",
    summary: "The latest decisions, and with --follow those that come",
    options: [
      { flags: "--system <name>", text: "of one system" },
      { flags: "--outcome <outcome>", text: "only these", choices: ["allow", "hold", "deny"] },
      { flags: "-n, --lines <count>", text: "how many to begin with", default: "20" },
      { flags: "--follow", text: "go on until interrupted" },
    ],
    examples: ["mandate decisions tail --outcome deny", "mandate decisions tail --follow -o jsonl"],
    load: async () => (await import("../commands/decisions.ts")).tail,
  },
  {
    words: "decisions explain",
    group: "Explain",
    summary: "What was tried, the rule, the reason, next steps, and where the evidence stands",
    args: [{ name: "id", text: "dec_…, as in x-mandate-decision" }],
    examples: ["mandate decisions explain dec_01k…"],
    load: async () => (await import("../commands/decisions.ts")).explain,
  },
  {
    words: "policy test",
    group: "Explain",
    summary: "Run the tests written in policies, on this machine; give every manifest they refer to",
    options: [files],
    examples: ["mandate policy test -f support-concierge.yaml"],
    load: async () => (await import("../commands/policy.ts")).test,
  },
];
