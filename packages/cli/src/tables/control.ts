import type { CommandSpec } from "../command.ts";

const ids = [{ name: "id", text: "as get controls lists it; none: all of them", optional: true, many: true }] as const;

/** What is measured, and what people read of it. */
export const controlCommands: readonly CommandSpec[] = [
  {
    words: "controls run",
    group: "Prove",
    summary: "Measure controls now, probes at the running gateway included; exit 3 while one fails",
    args: ids,
    examples: ["mandate controls run", "mandate controls run NHI-04 LOG-02"],
    load: async () => (await import("../commands/controls.ts")).run,
  },
  {
    words: "controls history",
    group: "Prove",
    summary: "Every result of one control, newest first, as it was found",
    args: [{ name: "id", text: "as get controls lists it" }],
    examples: ["mandate controls history GATE-02 -o json"],
    load: async () => (await import("../commands/controls.ts")).history,
  },
  {
    words: "report",
    group: "Prove",
    summary: "The month in figures, each a question put to what was recorded",
    args: [{ name: "kind", text: "governance, or board" }],
    options: [{ flags: "--month <month>", text: "such as 2026-11; default: this one" }],
    examples: ["mandate report governance", "mandate report board --month 2026-10 -o json"],
    load: async () => (await import("../commands/controls.ts")).report,
  },
];
