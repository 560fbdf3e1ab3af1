import type { Compiled } from "../compiled.ts";
import { type Refusal, refuse } from "../http/refusal.ts";
import type { RunningCall } from "./runtime.ts";

/** Why a call that runs may run no longer; null: it may. */
export function stopOf(compiled: Compiled, call: Pick<RunningCall, "system" | "credentials" | "model" | "tools">): Refusal | null {
  const system = compiled.systems.get(call.system);
  if (system === undefined || system.status === "refused")
    return refuse(system?.statusCode ?? "system_suspended", "The system's calls were stopped while this one ran.", "Ask one of its owners.", call.system);
  if (compiled.models.get(call.model)?.stopped === true)
    return refuse("policy", "The model was stopped by the kill switch while this call ran.", "Ask who stopped it.", `model:${call.model}`);
  const tool = call.tools.find((name) => compiled.tools.get(name)?.stopped === true);
  if (tool !== undefined)
    return refuse("policy", "The tool was stopped by the kill switch while this call ran.", "Ask who stopped it. What it had done by then, it did.", `tool:${tool}`);
  const states = call.credentials.map((id) => compiled.credentials.ofId(id)?.state ?? "revoked");
  if (states.every((state) => state === "active")) return null;
  return refuse(
    states.includes("revoked") ? "credential_revoked" : "credential_suspended",
    "The credential's calls were stopped while this one ran.",
    "Ask the system's technical owner for another.",
  );
}
