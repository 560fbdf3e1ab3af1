import { determineTier } from "@mandate/frameworks";
import type { TierDetermination } from "@mandate/frameworks";
import { sensitivityRank } from "@mandate/model";
import type { Sensitivity, Tier } from "@mandate/model";
import type { Register, StoredObject } from "../registry/index.ts";
import type { Grants } from "./version.ts";
import { nameOf } from "./version.ts";

/** Tier of a system from its own record: declared values stand in for what traffic will show. */
export function tierOf(system: StoredObject<"AISystem">, grants: Grants, register: Register): TierDetermination {
  const { spec } = system;
  const datasets = grants.datasets.flatMap((name) => register.get("Dataset", name)?.spec ?? []);
  const sensitivity = [spec.boundary?.sensitivity ?? "public", ...datasets.map((dataset) => dataset.sensitivity)].reduce<Sensitivity>((highest, one) => (sensitivityRank(one) > sensitivityRank(highest) ? one : highest), "public");
  const shared = [...grants.destinations, ...(spec.boundary?.share ?? []).filter((text) => text.startsWith("destination:")).map(nameOf)];
  return determineTier({
    intake: spec.intake,
    audience: spec.audience,
    autonomy: spec.autonomy,
    affected: spec.affected,
    sensitivity,
    classes: [...new Set([...(spec.boundary?.classes ?? []), ...datasets.flatMap((dataset) => dataset.classes)])],
    tools: grants.tools.map((name) => {
      const tool = register.get("Tool", name)?.spec;
      return { effect: tool?.effect ?? "executes", reversible: tool?.reversible === true };
    }),
    externalEffect: shared.some((name) => register.get("Destination", name)?.spec.kind !== "internal"),
    interactsWithPeople: spec.interactsWithPeople ?? /chat|voice|phone/i.test(system.labels.channel ?? ""),
    syntheticOutput: spec.syntheticOutput ?? false,
    calledTiers: calledTiers(system, register),
  });
}

/** An agent calling another takes at least the tier of the called system; one hop, so that a loop ends. */
function calledTiers(system: StoredObject<"AISystem">, register: Register): Tier[] {
  const called = system.spec.uses.agents.flatMap((text) => register.get("Agent", nameOf(text))?.spec.system ?? []).map(nameOf);
  return called.flatMap((name): Tier[] => {
    const other = name === system.name ? undefined : register.get("AISystem", name);
    if (!other) return [];
    const uses = { ...other.spec.uses, agents: [] };
    const grants: Grants = { models: uses.models.map(nameOf), tools: uses.tools.map(nameOf), datasets: uses.datasets.map(nameOf), prompts: uses.prompts.map(nameOf), destinations: uses.destinations.map(nameOf) };
    return [tierOf({ ...other, spec: { ...other.spec, uses } }, grants, register).tier];
  });
}
