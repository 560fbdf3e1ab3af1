import { readFile } from "node:fs/promises";
import { resolve } from "node:path";
import { CliError } from "../cli-error.ts";
import type { Call } from "../command.ts";

/** Tokens that two people brought, each in a file of its own: on the command line they would stay in its history. */
export function tokensOf(call: Call): Promise<string[]> {
  return Promise.all(
    call.list("token-file").map(async (path) => {
      const text = await readFile(resolve(call.terminal.cwd, path), "utf8").catch((cause: NodeJS.ErrnoException) => {
        throw new CliError({ code: "token_file", message: `${path} can't be read (${cause.code ?? "unknown"}).`, next: "Name a file that holds one person's token and nothing else.", cause });
      });
      return text.trim();
    }),
  );
}
