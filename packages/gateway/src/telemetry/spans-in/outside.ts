import type { SystemFacts } from "@mandate/model";
import type { Compiled } from "../../compiled.ts";
import { hostPattern, namePattern } from "./kept.ts";
import type { ReportedSpan } from "./read-spans.ts";

/** Something a person should look at: `ControlPort.report` takes it. */
export interface Outside {
  readonly key: string;
  readonly kind: "telemetry.past_gateway" | "telemetry.not_granted";
  readonly title: string;
}

const modelOperations: ReadonlySet<string | null> = new Set(["chat", "text_completion", "generate_content", "embeddings"]);
const hereAlone: ReadonlySet<string> = new Set(["localhost", "127.0.0.1", "0.0.0.0"]);

/**
 * What a system's own span says it did that its authorization doesn't hold: a model or tool it was not granted, or a model
 * called somewhere else than at the gateway. Null: nothing, or it can't be told.
 */
export function outsideOf({ operation, model, tool, address, decision }: ReportedSpan, system: SystemFacts, compiled: Compiled): Outside | null {
  if (decision !== null) return null;
  if (modelOperations.has(operation) || (operation === null && model !== null)) {
    const name = model !== null && namePattern.test(model) ? model : null;
    const host = address?.toLowerCase() ?? null;
    if (host !== null && hostPattern.test(host) && !hereAlone.has(host) && host !== new URL(compiled.snapshot.gatewayUrl).hostname)
      return { key: `telemetry:past:${system.name}:${host}`, kind: "telemetry.past_gateway", title: `${system.title} says it calls ${name ?? "a model"} at ${host}, past the gateway` };
    if (name !== null && !grantedModels(system, compiled).has(name))
      return { key: `telemetry:model:${system.name}:${name}`, kind: "telemetry.not_granted", title: `${system.title} says it calls the model ${name}, which it was not granted` };
    return null;
  }
  if (operation !== "execute_tool" || tool === null || !namePattern.test(tool) || grantedTools(system, compiled).has(tool)) return null;
  return { key: `telemetry:tool:${system.name}:${tool}`, kind: "telemetry.not_granted", title: `${system.title} says it runs the tool ${tool}, which it was not granted` };
}

/** By each name under which a program may know them. */
function grantedModels(system: SystemFacts, compiled: Compiled): ReadonlySet<string> {
  return new Set(system.grants.models.flatMap((name) => [name, compiled.models.get(name)?.upstream ?? name, ...(compiled.models.get(name)?.served ?? [])]));
}
function grantedTools(system: SystemFacts, compiled: Compiled): ReadonlySet<string> {
  return new Set(system.grants.tools.flatMap((name) => [name, ...(compiled.tools.get(name)?.names ?? [])]));
}
