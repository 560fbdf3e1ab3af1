import type { CommandSpec } from "../command.ts";
import { reason } from "./options.ts";

const act = (verb: "grant" | "refuse" | "end", summary: string): CommandSpec => ({
  words: `exception ${verb}`,
  group: "Decide",
  summary,
  args: [{ name: "id", text: "exc_…" }],
  options: [reason],
  examples: [`mandate exception ${verb} exc_01k… --reason "…"`],
  load: async () => (await import("../commands/exception.ts")).act(verb),
});

/** Commands about what a gate or rule lets pass, and about the gates themselves. */
export const exceptionCommands: readonly CommandSpec[] = [
  {
    words: "exception list",
    group: "Decide",
    summary: "What is let pass, for which system, until when; soonest end first",
    options: [{ flags: "--system <name>", text: "of one system" }],
    examples: ["mandate exception list", "mandate exception list --system support-concierge"],
    load: async () => (await import("../commands/exception.ts")).list,
  },
  {
    words: "exception request",
    group: "Decide",
    summary: "Ask to let one gate or rule pass, for one system, until an end",
    options: [
      { flags: "--system <name>", text: "the system", required: true },
      { flags: "--gate <id>", text: "a gate it doesn't meet" },
      { flags: "--rule <id>", text: "a rule of its policies, as decisions name it" },
      { flags: "--control <id>", text: "a control" },
      { flags: "--finding <id>", text: "a finding" },
      { flags: "--compensating <text>", text: "what is done instead", required: true },
      { flags: "--until <instant>", text: "its end, RFC 3339" },
      { flags: "--for <duration>", text: "or how long, such as 7d", default: "7d" },
      reason,
    ],
    examples: ['mandate exception request --system support-concierge --gate GATE-06 --compensating "Each answer is read" --for 14d --reason "…"'],
    load: async () => (await import("../commands/exception.ts")).request,
  },
  act("grant", "Say yes in your seat, as one of its approvers"),
  act("refuse", "Say no: it lets nothing pass"),
  act("end", "End it now: what it lifted binds again"),
  {
    words: "system gates",
    group: "Lifecycle",
    summary: "What the tier asks before production, what is met, and who can fix the rest",
    args: [{ name: "name", text: "the system" }],
    options: [{ flags: "--type <type>", text: "before what", choices: ["pilot", "production"], default: "production" }],
    examples: ["mandate system gates support-concierge"],
    load: async () => (await import("../commands/gates.ts")).gates,
  },
];
