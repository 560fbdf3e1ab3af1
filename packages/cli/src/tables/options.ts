import type { OptionSpec } from "../command.ts";

export const files: OptionSpec = { flags: "-f, --file <path...>", text: "file, folder, or - for standard input" };
export const reason: OptionSpec = { flags: "--reason <text>", text: "why; stands in the evidence" };
