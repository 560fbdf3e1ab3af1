import { determineTier, withObserved } from "@mandate/frameworks";
import type { TierInputs } from "@mandate/frameworks";
import { regionWithin } from "@mandate/policy";
import { sensitivityRank } from "@mandate/model";
import { visibilities } from "@mandate/model";
import type { Sensitivity, Tier, Visibility } from "@mandate/model";
import type { Register, StoredObject } from "../registry/index.ts";
import type { AssessedTier, TierContext } from "../tiering/index.ts";
import { declaredFlows } from "../legal-reviews/index.ts";
import { modelVisibility } from "../visibility/index.ts";
import type { Grants } from "./version.ts";
import { nameOf } from "./version.ts";

/** Tier of a system: what is declared, raised by what traffic showed, by the organization's rules and by who overrode it. */
export function assessTier(system: StoredObject<"AISystem">, grants: Grants, register: Register, context: TierContext): AssessedTier {
  const { inputs, contradictions } = withObserved(declaredInputs(system, grants, register, context), context.observed.get(system.name));
  const override = context.overrides.get(system.name);
  const determined = determineTier(inputs, context.own, override);
  return { ...determined, inputs, contradictions, override, without: override === undefined ? determined.tier : determineTier(inputs, context.own).tier };
}

function declaredInputs(system: StoredObject<"AISystem">, grants: Grants, register: Register, context: TierContext): TierInputs {
  const { spec } = system;
  const datasets = grants.datasets.flatMap((name) => register.get("Dataset", name)?.spec ?? []);
  const models = grants.models.flatMap((name) => register.get("Model", name)?.spec ?? []);
  const sensitivity = [spec.boundary?.sensitivity ?? "public", ...datasets.map((dataset) => dataset.sensitivity)].reduce<Sensitivity>((highest, one) => (sensitivityRank(one) > sensitivityRank(highest) ? one : highest), "public");
  const shared = [...grants.destinations, ...(spec.boundary?.share ?? []).filter((text) => text.startsWith("destination:")).map(nameOf)];
  const destinations = shared.flatMap((name) => register.get("Destination", name)?.spec ?? []);
  const regions = [...models, ...datasets, ...destinations].flatMap((one) => one.region ?? []);
  const hosted = models.filter((model) => model.host === "vendor" || (model.host === undefined && model.vendor !== undefined));
  const visible = hosted.map((model): Visibility => modelVisibility(model, register));
  return {
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
    interactsWithPeople: spec.interactsWithPeople ?? /chat|voice|phone/i.test(system.labels["channel"] ?? ""),
    syntheticOutput: spec.syntheticOutput ?? false,
    calledTiers: calledTiers(system, register, context),
    roles: [...new Set((spec.roles ?? []).map((one) => one.role))],
    crossBorder: spec.boundary !== undefined && (regions.some((region) => !regionWithin(region, spec.boundary!.regions)) || declaredFlows(register, { system: system.name, regions: spec.boundary.regions, grants }).length > 0),
    vendorVisibility: visible.toSorted((a, b) => visibilities.indexOf(a) - visibilities.indexOf(b))[0],
  };
}

/** An agent calling another takes at least the tier of the called system; one hop, so that a loop ends. */
function calledTiers(system: StoredObject<"AISystem">, register: Register, context: TierContext): Tier[] {
  const called = system.spec.uses.agents.flatMap((text) => register.get("Agent", nameOf(text))?.spec.system ?? []).map(nameOf);
  return called.flatMap((name): Tier[] => {
    const other = name === system.name ? undefined : register.get("AISystem", name);
    if (!other) return [];
    const uses = { ...other.spec.uses, agents: [] };
    const grants: Grants = { models: uses.models.map(nameOf), tools: uses.tools.map(nameOf), datasets: uses.datasets.map(nameOf), prompts: uses.prompts.map(nameOf), destinations: uses.destinations.map(nameOf) };
    return [assessTier({ ...other, spec: { ...other.spec, uses } }, grants, register, context).tier];
  });
}
