import type { PartFacts, SystemFacts } from "@mandate/frameworks/exports";
import { canonicalText, sha256Hex } from "@mandate/frameworks/exports";
import { splitReference } from "./references.ts";
import type { SystemView } from "../authorization/index.ts";
import type { Register, StoredObject } from "../registry/index.ts";

/** A system as exports state it, from its view and what the register holds of its parts. */
export function systemFacts(view: SystemView, register: Register): SystemFacts {
  const spec = register.get("AISystem", view.name)!.spec;
  const unresolved: string[] = [];
  const parts = new Map<string, PartFacts>();
  const add = (part: PartFacts): void => void parts.set(`${part.kind}:${part.name}`, part);
  for (const reference of [...spec.uses.models, ...spec.uses.tools, ...spec.uses.datasets, ...spec.uses.prompts, ...spec.uses.destinations, ...spec.uses.agents]) {
    const found = resolve(reference, register);
    if (found.length === 0) unresolved.push(reference);
    for (const part of found) add(part);
  }
  const held = view.authorization;
  return {
    id: view.id, name: view.name, title: view.title, description: spec.description ?? null, tier: view.tier, lifecycle: view.lifecycle, status: view.status, version: view.version, versionDigest: view.versionDigest,
    owners: view.owners, purposes: spec.purposes, prohibitedUses: spec.prohibitedUses ?? [], audience: spec.audience, autonomy: spec.autonomy, affected: spec.affected ?? [],
    boundary: spec.boundary === undefined ? null : { sensitivity: spec.boundary.sensitivity, classes: spec.boundary.classes, regions: spec.boundary.regions, training: spec.boundary.training },
    authorization: held === null ? null : { id: held.id, type: held.type, state: held.state, starts: held.starts, ends: held.ends, versionDigest: held.versionDigest },
    missing: view.missing, differences: view.differences, unresolved,
    parts: [...parts.values()].sort((a, b) => (`${a.kind}:${a.name}` < `${b.kind}:${b.name}` ? -1 : 1)),
  };
}

function resolve(reference: string, register: Register): readonly PartFacts[] {
  const { kind, name } = splitReference(reference);
  switch (kind) {
    case "model": return one(register.get("Model", name), modelPart);
    case "tool": return name.endsWith("/*") ? register.all("Tool").filter((tool) => tool.spec.server === `mcp-server:${name.slice(0, -2)}`).map(toolPart) : one(register.get("Tool", name), toolPart);
    case "dataset": return one(register.get("Dataset", name), (of) => partOf(of, "dataset", { sensitivity: of.spec.sensitivity, region: of.spec.region, retention: of.spec.retention }, { classes: of.spec.classes, owner: of.spec.owner }));
    case "prompt": return one(register.get("Prompt", name), (of) => partOf(of, "prompt", { slots: Object.keys(of.spec.slots ?? {}).sort().join(" ") }, { owner: of.spec.owner }));
    case "destination": return one(register.get("Destination", name), (of) => partOf(of, "destination", { reach: of.spec.kind, region: of.spec.region, maxSensitivity: of.spec.maxSensitivity }, { classes: of.spec.classes, vendor: of.spec.vendor }));
    case "agent": return one(register.get("Agent", name), (of) => partOf(of, "agent", { agentVersion: of.spec.version }, { owner: of.spec.owner }));
    default: return [];
  }
}

function one<T>(found: T | undefined, part: (of: T) => PartFacts): readonly PartFacts[] {
  return found === undefined ? [] : [part(found)];
}

function modelPart(of: StoredObject<"Model">): PartFacts {
  const { spec } = of;
  return partOf(of, "model", { protocol: spec.protocol, upstream: spec.upstream ?? of.name, served: (spec.served ?? []).join(" "), host: spec.host, region: spec.region, training: spec.training, retention: spec.retention, maxSensitivity: spec.maxSensitivity, visibility: spec.visibility }, { owner: spec.owner, vendor: spec.vendor });
}

function toolPart(of: StoredObject<"Tool">): PartFacts {
  const { spec } = of;
  return partOf(of, "tool", { effect: spec.effect, reversible: spec.reversible === undefined ? undefined : String(spec.reversible), output: spec.output, server: spec.server }, {});
}

function partOf(of: StoredObject, kind: PartFacts["kind"], facts: Readonly<Record<string, string | undefined>>, more: { readonly classes?: readonly string[]; readonly owner?: string | undefined; readonly vendor?: string | undefined }): PartFacts {
  const spec = of.spec as { readonly title?: string };
  return {
    kind, name: of.name, title: spec.title ?? null, id: of.id, version: of.version, sha256: sha256Hex(canonicalText(of.spec)),
    facts: Object.fromEntries(Object.entries(facts).flatMap(([name, value]) => (value === undefined || value === "" ? [] : [[name, value]]))),
    classes: more.classes ?? [], owner: more.owner ?? null, vendor: more.vendor === undefined ? null : splitReference(more.vendor).name,
  };
}

