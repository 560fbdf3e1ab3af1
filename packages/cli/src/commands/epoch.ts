import type { Call } from "../command.ts";
import { printObject, type Row } from "../render/format.ts";
import { tokensOf } from "./token-files.ts";

/** On the server's machine while the server is stopped; the tokens say which two people. */
export async function epoch(call: Call): Promise<void> {
  const tokens = await tokensOf(call);
  const { beginNewEpoch } = await import("@mandate/server");
  const begun = await beginNewEpoch({ env: call.terminal.env, mode: call.flag("restored") ? "restored" : "rotated", reason: call.option("reason") ?? "", tokens });
  const lost = Object.values(begun.lost).reduce((sum, one) => sum + one, 0);
  if (call.format !== "table") await printObject(call.terminal, call.format, begun as unknown as Row, begun.metaOrigin);
  else call.terminal.out(`Closed ${begun.closed.length} logs; ${lost} entries are known to be lost.\nThe new meta-log is ${begun.metaOrigin}.\n`);
  sayWhatFollows(call, begun.people);
}

export function sayWhatFollows(call: Call, people: readonly string[]): void {
  call.say(`On the word of ${people.join(" and ")}. Start the server, then give each witness the new key: mandate evidence witness policy`);
  call.say("Stand-alone gateways are enrolled anew.");
}
