import { readFile } from "node:fs/promises";
import { resolve } from "node:path";
import { CliError } from "../cli-error.ts";
import type { Call } from "../command.ts";
import { printObject, type Row } from "../render/format.ts";

/** On the server's machine while the server is stopped; the tokens say which two people. */
export async function epoch(call: Call): Promise<void> {
  const files = call.list("token-file");
  const tokens = await Promise.all(
    files.map(async (path) => {
      const text = await readFile(resolve(call.terminal.cwd, path), "utf8").catch((cause: NodeJS.ErrnoException) => {
        throw new CliError({ code: "token_file", message: `${path} can't be read (${cause.code ?? "unknown"}).`, next: "Name a file that holds one person's token and nothing else.", cause });
      });
      return text.trim();
    }),
  );
  const { beginNewEpoch } = await import("@mandate/server");
  const begun = await beginNewEpoch({ env: call.terminal.env, mode: call.flag("restored") ? "restored" : "rotated", reason: call.option("reason") ?? "", tokens });
  const lost = Object.values(begun.lost).reduce((sum, one) => sum + one, 0);
  if (call.format !== "table") await printObject(call.terminal, call.format, begun as unknown as Row, begun.metaOrigin);
  else call.terminal.out(`Closed ${begun.closed.length} logs; ${lost} entries are known to be lost.\nThe new meta-log is ${begun.metaOrigin}.\n`);
  call.say(`On the word of ${begun.people.join(" and ")}. Start the server, then give each witness the new key: mandate evidence witness policy`);
  call.say("Stand-alone gateways are enrolled anew.");
}
