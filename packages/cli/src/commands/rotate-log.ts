import type { Call } from "../command.ts";
import { printObject } from "../render/format.ts";

interface Rotated {
  readonly closed: { readonly origin: string; readonly size: number };
  readonly origin: string;
  readonly vkey: string;
}

export async function rotateLog(call: Call): Promise<void> {
  const client = await call.client();
  const log = call.option("log");
  const done = await client.request<Rotated>("POST", "/api/v1/evidence/logs/rotate", { ...(log === undefined ? {} : { log }), reason: call.option("reason") });
  if (call.format !== "table") return await printObject(call.terminal, call.format, { ...done }, done.origin);
  call.terminal.out(`${done.vkey}\n`);
  call.say(`${done.closed.origin} is closed with ${done.closed.size} entries; ${done.origin} goes on under the key above. Who trusts keys by name needs it: mandate evidence witness policy`);
}
