import type { Call } from "../command.ts";
import { fields, printObject, type Row } from "../render/format.ts";

interface MirrorState {
  readonly settings: Row | null;
  readonly failing: string | null;
  readonly logs: readonly { readonly origin: string; readonly size: number; readonly at: string }[];
}

export async function status(call: Call): Promise<void> {
  const client = await call.client();
  await show(call, await client.request<MirrorState>("GET", "/api/v1/evidence/mirror"));
}

export async function put(call: Call): Promise<void> {
  const client = await call.client();
  const named = ["endpoint", "bucket", "region", "prefix", "secret", "reason"].flatMap((name) => {
    const value = call.option(name);
    return value === undefined ? [] : [[name, value]];
  });
  const body = { ...Object.fromEntries(named), retainDays: Number(call.option("retain-days")), ...(call.flag("governance") ? { lock: "GOVERNANCE" } : {}) };
  await show(call, await client.request<MirrorState>("PUT", "/api/v1/evidence/mirror", body, { timeoutMs: 0 }));
}

export async function remove(call: Call): Promise<void> {
  const client = await call.client();
  await client.request("DELETE", "/api/v1/evidence/mirror", { reason: call.option("reason") });
  call.say("Nothing more is copied; what is there stays as long as it is locked.");
}

async function show(call: Call, state: MirrorState): Promise<void> {
  if (call.format !== "table") return await printObject(call.terminal, call.format, { ...state }, "mirror");
  if (state.settings === null) return call.say("The logs are copied nowhere.");
  const { endpoint, bucket, prefix, lock, retainDays } = state.settings;
  call.terminal.out(fields({ to: `${String(endpoint)}/${String(bucket)}/${String(prefix)}`, lock: `${String(lock)}, ${String(retainDays)} days`, failing: state.failing ?? "no", ...Object.fromEntries(state.logs.map((log) => [log.origin, `${log.size} entries, ${log.at}`])) }));
}
