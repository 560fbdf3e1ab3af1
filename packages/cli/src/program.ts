import { Command, CommanderError, Option } from "commander";
import { CliError, reportOf } from "./cli-error.ts";
import { commands } from "./command-table.ts";
import type { Call, CommandSpec, OptionSpec } from "./command.ts";
import { exitCodes, exitMeanings, type ExitCode } from "./exit-codes.ts";
import { failureJson, failureText } from "./render/failure.ts";
import { outputFormats, type OutputFormat } from "./render/format.ts";
import type { Terminal } from "./terminal.ts";
import { version } from "./version.ts";

/** Options that every command takes. */
export const globalOptions: readonly OptionSpec[] = [
  { flags: "--url <address>", text: "control listener (MANDATE_URL)" },
  { flags: "--token <token>", text: "token (MANDATE_TOKEN, which does not show in process lists)" },
  { flags: "-o, --output <format>", text: "how data is printed", choices: outputFormats, default: "table" },
  { flags: "--no-input", text: "never ask; fail instead" },
];

/**
 * Runs one command line.
 * @param argv words after `mandate`
 * @returns the exit code; never rejects
 */
export async function run(argv: readonly string[], terminal: Terminal): Promise<ExitCode> {
  let exit: ExitCode = exitCodes.done;
  const root = new Command("mandate")
    .description("Register, enforce and prove what an AI system may do.")
    .version(version, "-V, --version")
    .helpCommand(false)
    .addHelpText(
      "after",
      `\nExit: ${exitMeanings.map(([code, meaning]) => `${code} ${meaning.replaceAll("`", "")}`).join(", ")}.`,
    );
  configure(root, terminal);
  const parents = new Map<string, Command>([["", root]]);
  for (const spec of commands) {
    const words = spec.words.split(" ");
    const leaf = words.pop() ?? "";
    // `gateway` is a command and the first word of others: it stands before them in the table.
    const command = parentOf(words, parents, terminal).command(leaf);
    parents.set(spec.words, command);
    define(command, spec, terminal, (code) => (exit = code));
  }
  try {
    await root.parseAsync(behindCommand(argv), { from: "user" });
    return exit;
  } catch (error) {
    if (error instanceof CommanderError) {
      if (error.exitCode === 0) return exitCodes.done;
      // Commander told the person; a script that asked for JSON still gets the object.
      if (wantsJson(argv)) {
        const message = error.message.replace(/^error: /, "");
        terminal.err(
          failureJson(reportOf(new CliError({ code: "usage", message, next: "Run the command with --help." }))),
        );
      }
      return exitCodes.failed;
    }
    const report = terminal.signal.aborted
      ? reportOf(Object.assign(new Error("Interrupted."), { name: "AbortError" }))
      : reportOf(error);
    terminal.err(wantsJson(argv) ? failureJson(report) : failureText(report));
    return report.exit;
  }
}

/** What every command takes may stand before the command's words too: `mandate --url … get systems`. */
function behindCommand(argv: readonly string[]): string[] {
  const flags = new Map(globalOptions.flatMap(({ flags }) => flags.split(" ").filter((word) => word.startsWith("-")).map((word) => [word.replace(",", ""), flags.includes("<")] as const)));
  let end = 0;
  while (end < argv.length) {
    const [flag = "", ...value] = argv[end]!.split("=");
    const takesValue = flags.get(flag);
    if (takesValue === undefined) break;
    end += takesValue && value.length === 0 ? 2 : 1;
  }
  const words = argv.slice(end);
  // Alone they ask for nothing, and are refused as written.
  if (words.length === 0) return [...argv];
  const stop = words.indexOf("--");
  return stop === -1 ? [...words, ...argv.slice(0, end)] : words.toSpliced(stop, 0, ...argv.slice(0, end));
}

function configure(command: Command, terminal: Terminal): void {
  // A command that is also the first word of others must not take the options written after theirs.
  command.enablePositionalOptions().exitOverride().configureOutput({
    writeOut: (text) => terminal.out(text),
    writeErr: (text) => terminal.err(text),
    getOutHasColors: () => false,
    getErrHasColors: () => false,
  });
  command.showSuggestionAfterError(true).showHelpAfterError("Run with --help for what it takes.");
}

function parentOf(words: readonly string[], parents: Map<string, Command>, terminal: Terminal): Command {
  const path = words.join(" ");
  const known = parents.get(path);
  if (known !== undefined) return known;
  const parent = parentOf(words.slice(0, -1), parents, terminal);
  const made = parent
    .command(words.at(-1) ?? "")
    .description(groupSummaries[path] ?? "")
    .helpCommand(false);
  configure(made, terminal);
  parents.set(path, made);
  return made;
}

const groupSummaries: Readonly<Record<string, string>> = {
  system: "Change the state of an AI system",
  approvals: "What waits for a person",
  credential: "Keys of AI systems",
  secret: "Provider secrets, sealed",
  person: "People and their tokens",
  gateway: "Gateways of this control plane",
  "evidence mirror": "Write-once copies of the logs",
  "evidence witness": "Who outside cosigns the log",
  decisions: "What was decided, and why",
  policy: "Rules and their tests",
  evidence: "Prove what happened",
  export: "The record in formats of others",
  "export stream": "Events to a SIEM",
};

function define(command: Command, spec: CommandSpec, terminal: Terminal, finish: (code: ExitCode) => void): void {
  configure(command, terminal);
  command
    .description(spec.summary)
    .addHelpText("after", `\nExamples:\n${spec.examples.map((line) => `  ${line}`).join("\n")}`);
  for (const { name, text, optional, many } of spec.args ?? []) {
    const word = `${name}${many === true ? "..." : ""}`;
    command.argument(optional === true ? `[${word}]` : `<${word}>`, text);
  }
  for (const option of [...(spec.options ?? []), ...globalOptions]) command.addOption(optionOf(option));
  command.action(async () => {
    const run = await spec.load();
    finish((await run(callOf(command, terminal))) ?? exitCodes.done);
  });
}

function optionOf({ flags, text, required, choices, default: fallback }: OptionSpec): Option {
  const option = new Option(flags, text).makeOptionMandatory(required === true);
  if (choices !== undefined) option.choices(choices);
  if (fallback !== undefined) option.default(fallback);
  return option;
}

function callOf(command: Command, terminal: Terminal): Call {
  const given = command.opts<Record<string, unknown>>();
  // Commander keeps `--token-file` as `tokenFile`; commands ask for what their option is called.
  const options = (name: string): unknown => given[name.replace(/-([a-z])/g, (_all, letter: string) => letter.toUpperCase())];
  const text = (name: string): string | undefined => {
    const value = options(name);
    return typeof value === "string" ? value : undefined;
  };
  const connection = async () => {
    const { resolveConnection } = await import("./connection.ts");
    return await resolveConnection({ url: text("url"), token: text("token") }, terminal);
  };
  return {
    terminal,
    format: text("output") as OutputFormat,
    mayAsk: given.input !== false,
    args: command.args,
    option: text,
    list: (name) => {
      const value = options(name);
      return Array.isArray(value) ? (value as string[]) : [];
    },
    flag: (name) => options(name) === true,
    connection,
    client: async () => {
      const { url, token } = await connection();
      if (token === undefined) {
        throw new CliError({
          code: "not_signed_in",
          message: `No token for ${url}.`,
          next: "Run `mandate login`, or set MANDATE_TOKEN.",
          exit: exitCodes.notSignedIn,
        });
      }
      const { MandateClient } = await import("@mandate/sdk");
      return new MandateClient({ url, token, ...(terminal.fetch === undefined ? {} : { fetch: terminal.fetch }) });
    },
    say: (line) => terminal.err(`${line}\n`),
  };
}

function wantsJson(argv: readonly string[]): boolean {
  return argv.some(
    (word, at) =>
      /^(-o=?json|--output=json)$/.test(word) ||
      ((word === "-o" || word === "--output") && /^jsonl?$/.test(argv[at + 1] ?? "")),
  );
}
