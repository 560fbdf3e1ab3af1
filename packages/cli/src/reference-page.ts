import { commands } from "./command-table.ts";
import type { CommandSpec } from "./command.ts";
import { exitMeanings } from "./exit-codes.ts";
import { globalOptions } from "./program.ts";

const groups = [
  "Start",
  "Record",
  "Lifecycle",
  "Decide",
  "Identity",
  "Explain",
  "Prove",
  "Find",
] as const satisfies readonly CommandSpec["group"][];

/** docs/cli.md, from the table that the parser is made from. */
export function referencePage(): string {
  const lines = [
    "# Command line",
    "",
    "Made from `packages/cli/src/command-table.ts`; a test compares. Write it anew with",
    "`MANDATE_UPDATE_DOCS=1 npx vitest run packages/cli/src/reference-page.test.ts`.",
    "",
    "Data goes to standard output, everything else to standard error. Resources are written `kind/name`.",
    "",
    "## For every command",
    "",
    "Before its words or behind them: `mandate -o json get systems` is `mandate get systems -o json`.",
    "",
    "| Option | Meaning |",
    "|---|---|",
    ...globalOptions.map(({ flags, text, choices }) =>
      row(flags, choices === undefined ? text : `${text}: ${choices.join(", ")}`),
    ),
    "",
    "| Exit | Meaning |",
    "|---|---|",
    ...exitMeanings.map(([code, meaning]) => `| ${code} | ${meaning} |`),
    "",
    "With `-o json` an error is one object on standard error: `{error: {code, message, next, request_id, doc_url}}`.",
    "",
  ];
  for (const group of groups) {
    lines.push(`## ${group}`, "");
    for (const spec of commands.filter((command) => command.group === group)) lines.push(...section(spec));
  }
  return lines.join("\n");
}

function section({ words, summary, args = [], options = [], examples }: CommandSpec): readonly string[] {
  const usage = args.map(({ name, optional }) => (optional === true ? ` [${name}]` : ` <${name}>`)).join("");
  const lines = [`### mandate ${words}${usage}`, "", `${summary}.`, ""];
  const rows = [
    ...args.map(({ name, text }) => row(name, text)),
    ...options.map(({ flags, text, required, choices, default: fallback }) => {
      const notes = [
        choices === undefined ? "" : `: ${choices.join(", ")}`,
        required === true ? "; required" : "",
        fallback === undefined ? "" : `; default ${fallback}`,
      ];
      return row(flags, text + notes.join(""));
    }),
  ];
  if (rows.length > 0) lines.push("| | |", "|---|---|", ...rows, "");
  return [...lines, "```", ...examples, "```", ""];
}

function row(left: string, right: string): string {
  return `| \`${left}\` | ${right.replaceAll("|", "\\|")} |`;
}
