import type { CommandSpec } from "../command.ts";
import { reason } from "./options.ts";

const breakGlass = (verb: string, summary: string): CommandSpec => ({
  words: `break-glass ${verb}`,
  group: "Decide",
  summary,
  args: [{ name: "name", text: "the plan" }],
  options: [reason],
  examples: [`mandate break-glass ${verb} payments-down --reason "…"`],
  load: async () => (await import("../commands/break-glass.ts")).act(verb),
});

/** Commands on rules that two named people may lift in an emergency. */
export const breakGlassCommands: readonly CommandSpec[] = [
  {
    words: "break-glass list",
    group: "Decide",
    summary: "Emergency plans: who may lift which rules, and what is open or waits for review",
    examples: ["mandate break-glass list"],
    load: async () => (await import("../commands/break-glass.ts")).list,
  },
  {
    words: "break-glass register",
    group: "Decide",
    summary: "Agree beforehand who may lift which rules in an emergency",
    args: [{ name: "name", text: "name of the plan" }],
    options: [
      { flags: "--system <name...>", text: "a system it covers", required: true },
      { flags: "--rule <id...>", text: "a rule it lifts, as decisions name it", required: true },
      { flags: "--person <email...>", text: "who may use it, two or more", required: true },
      { flags: "--minutes <n>", text: "how long a use lasts, 240 at most", default: "60" },
      { flags: "--compensating <text>", text: "what is done instead of the rule", required: true },
      { flags: "--for <duration>", text: "how long the plan stands, 366d at most", default: "90d" },
      reason,
    ],
    examples: [
      'mandate break-glass register payments-down --system refunds-desk --rule refund-limit --person ada@example.com bo@example.com --compensating "Each refund is called back" --reason "…"',
    ],
    load: async () => (await import("../commands/break-glass.ts")).register,
  },
  breakGlass("start", "Say that it is needed; the first of two named people"),
  breakGlass("confirm", "Agree, as the second: the rules are lifted from here"),
  breakGlass("close", "End the use that is open, at once"),
  {
    words: "break-glass review",
    group: "Decide",
    summary: "Review a use, as somebody who wasn't part of it",
    args: [
      { name: "name", text: "the plan" },
      { name: "use", text: "bgl_…" },
    ],
    options: [reason],
    examples: ['mandate break-glass review payments-down bgl_01k… --reason "One refund, called back"'],
    load: async () => (await import("../commands/break-glass.ts")).review,
  },
  {
    words: "break-glass end",
    group: "Decide",
    summary: "End a plan for good",
    args: [{ name: "name", text: "the plan" }],
    options: [reason],
    examples: ['mandate break-glass end payments-down --reason "…"'],
    load: async () => (await import("../commands/break-glass.ts")).end,
  },
];
