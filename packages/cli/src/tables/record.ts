import type { CommandSpec } from "../command.ts";
import { reason } from "./options.ts";

/** Commands on risks and evaluations. */
export const recordCommands: readonly CommandSpec[] = [
  {
    words: "risk accept",
    group: "Record",
    summary: "Live with what is left of a risk, until a day",
    args: [{ name: "name", text: "the risk" }],
    options: [
      { flags: "--ends <instant>", text: "when the acceptance ends, at most a year ahead", required: true },
      reason,
    ],
    examples: ['mandate risk accept wrong-refunds --ends 2027-03-31 --reason "sums are small"'],
    load: async () => (await import("../commands/record.ts")).acceptRisk,
  },
  {
    words: "risk withdraw",
    group: "Record",
    summary: "Take an acceptance back",
    args: [{ name: "name", text: "the risk" }],
    options: [reason],
    examples: ['mandate risk withdraw wrong-refunds --reason "sums have grown"'],
    load: async () => (await import("../commands/record.ts")).withdrawRisk,
  },
  {
    words: "evaluation score",
    group: "Record",
    summary: "Add a newer score to an evaluation",
    args: [
      { name: "name", text: "the evaluation" },
      { name: "score", text: "the number measured" },
    ],
    options: [{ flags: "--measured <instant>", text: "when it was measured; default now" }],
    examples: ["mandate evaluation score answer-accuracy 0.93"],
    load: async () => (await import("../commands/record.ts")).scoreEvaluation,
  },
];
