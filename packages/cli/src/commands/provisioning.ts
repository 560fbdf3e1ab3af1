import type { Call } from "../command.ts";
import { fields, printObject, type Row } from "../render/format.ts";
import { reasonOf } from "./reason.ts";

async function print(call: Call, state: Row): Promise<void> {
  if (call.format === "table") call.terminal.out(fields(state));
  else await printObject(call.terminal, call.format, state, "provisioning");
}

export async function show(call: Call): Promise<void> {
  const client = await call.client();
  await print(call, (await client.request<Row>("GET", "/api/v1/provisioning", undefined, { signal: call.terminal.signal })) ?? {});
}

export async function resume(call: Call): Promise<void> {
  const reason = await reasonOf(call);
  const client = await call.client();
  await print(call, (await client.request<Row>("POST", "/api/v1/provisioning/resume", { reason }, { signal: call.terminal.signal })) ?? {});
  call.say("The directory's removals are let through for a day.");
}

export async function link(call: Call): Promise<void> {
  const name = call.args[0] ?? "";
  const client = await call.client();
  await print(call, (await client.request<Row>("PUT", "/api/v1/provisioning", { identityProvider: name === "none" ? null : name }, { signal: call.terminal.signal })) ?? {});
}
