import type { MandateClient } from "@mandate/sdk";
import type { ExitCode } from "./exit-codes.ts";
import type { OutputFormat } from "./render/format.ts";
import type { Terminal } from "./terminal.ts";

export interface ArgumentSpec {
  readonly name: string;
  readonly text: string;
  readonly optional?: boolean;
  readonly many?: boolean;
}

export interface OptionSpec {
  /** As commander reads it: `-f, --file <path...>`. */
  readonly flags: string;
  readonly text: string;
  readonly required?: boolean;
  readonly choices?: readonly string[];
  readonly default?: string;
}

/** One command: what help, documentation and parser are made from. Its code is loaded when it runs. */
export interface CommandSpec {
  /** Words after `mandate`: `credential create`. */
  readonly words: string;
  readonly group: "Start" | "Record" | "Lifecycle" | "Decide" | "Identity" | "Explain" | "Prove" | "Find";
  readonly summary: string;
  readonly args?: readonly ArgumentSpec[];
  readonly options?: readonly OptionSpec[];
  readonly examples: readonly string[];
  /** False for commands that need no server and read no sign-in. Default true. */
  readonly server?: boolean;
  readonly load: () => Promise<Run>;
}

export type Run = (call: Call) => Promise<ExitCode | void>;

/** What a command gets when it runs. */
export interface Call {
  readonly terminal: Terminal;
  readonly format: OutputFormat;
  /** False with `--no-input` or without a terminal to ask on. */
  readonly mayAsk: boolean;
  readonly args: readonly string[];
  option(name: string): string | undefined;
  list(name: string): readonly string[];
  flag(name: string): boolean;
  /** Signed in, or a CliError with exit 4. */
  client(): Promise<MandateClient>;
  /** Address and token as resolved; the token may be absent. */
  connection(): Promise<{ readonly url: string; readonly token: string | undefined; readonly from: string }>;
  /** A line for people, on standard error. */
  say(line: string): void;
}
