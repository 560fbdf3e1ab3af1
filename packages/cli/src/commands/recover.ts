import type { Call } from "../command.ts";
import { printObject } from "../render/format.ts";

/** Needs no server and no sign-in: whoever can read the data directory already holds everything it protects. */
export async function recover(call: Call): Promise<void> {
  const email = (call.args[0] ?? "").replace(/^person\//, "");
  const { recover: run } = await import("@mandate/server");
  const made = await run({ env: call.terminal.env, email, name: call.option("name") ?? email });
  if (call.format === "table") call.terminal.out(`${made.url}\n`);
  else await printObject(call.terminal, call.format, { ...made }, made.url);
  call.say(
    `Start the server, then open the link: it signs ${email} in as an administrator, once, until ${made.expiresAt}.`,
  );
  call.say(
    "It is an entry, a finding and a notice to everyone who administers or approves. It grants no approving role.",
  );
}
