import { CliError } from "../cli-error.ts";
import type { Call } from "../command.ts";
import { saveLogin } from "../connection.ts";
import { readInput } from "../terminal.ts";

/** Keeps a token after the server accepted it: a wrong one must not be found out by the next script. */
export async function login(call: Call): Promise<void> {
  const connection = await call.connection();
  const token =
    connection.from === "--token" || connection.from === "MANDATE_TOKEN" ? connection.token : await tokenOf(call);
  if (token === undefined || token === "") {
    throw new CliError({
      code: "token_missing",
      message: "There is no token.",
      next: "Pipe it in, or get one: mandate person token EMAIL",
    });
  }
  const { MandateClient } = await import("@mandate/sdk");
  const client = new MandateClient({
    url: connection.url,
    token,
    ...(call.terminal.fetch === undefined ? {} : { fetch: call.terminal.fetch }),
  });
  await client.list("systems", { limit: 1 }, { signal: call.terminal.signal });
  const file = await saveLogin(call.terminal, connection.url, token);
  call.say(`Signed in at ${connection.url}. The token is kept in ${file}, readable by you alone.`);
}

async function tokenOf(call: Call): Promise<string | undefined> {
  if (call.terminal.stdin.isTTY !== true) return (await readInput(call.terminal, 16_384)).toString("utf8").trim();
  return call.mayAsk ? (await call.terminal.ask("Token (not shown): ", { hidden: true }))?.trim() : undefined;
}
