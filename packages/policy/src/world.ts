import {
  type DatasetFacts,
  type DestinationFacts,
  type ExternalFacts,
  type ModelFacts,
  type RegisterFacts,
  type ResourceType,
  type SystemFacts,
  type ToolFacts,
  sensitivityRank,
} from "@mandate/model";
import { CedarRecord, CedarSet, Entity, entityKey, type Value } from "./cedar/values.ts";
import { convertInput } from "./input.ts";
import { coveredJurisdictions, normaliseRegion } from "./jurisdictions.ts";

/** The register as a graph of Cedar entities: built whole, never changed, swapped with its snapshot. */
export interface World {
  readonly systems: ReadonlyMap<string, SystemFacts>;
  readonly tools: ReadonlyMap<string, ToolFacts>;
  readonly externals: ReadonlyMap<string, ExternalFacts>;
  readonly entities: ReadonlyMap<string, Entity>;
  /** The entity asked about; a stand-in with `known: false` where the register has none. */
  resource(type: ResourceType, id: string): Entity;
  /** A tool by register name or by what models and servers call it; undefined when unknown or ambiguous. */
  tool(calledName: string): ToolFacts | undefined;
}

export const entityTypes: Readonly<Record<ResourceType, string>> = {
  model: "Mandate::Model",
  tool: "Mandate::Tool",
  destination: "Mandate::Destination",
  dataset: "Mandate::Dataset",
  prompt: "Mandate::Prompt",
  system: "Mandate::System",
};

export function actionEntity(name: string): Entity {
  return new Entity("Mandate::Action", name, new Map(), name === "deploy" ? [] : [entityKey("Mandate::Action", "use")]);
}

export function buildWorld(facts: RegisterFacts): World {
  const datasets = new Map(facts.datasets.map((dataset) => [dataset.name, dataset]));
  const entities = new Map<string, Entity>();
  const put = (entity: Entity): void => void entities.set(entity.key, entity);
  for (const system of facts.systems) put(systemEntity(system));
  for (const model of facts.models) put(modelEntity(model));
  for (const dataset of facts.datasets) put(datasetEntity(dataset.name, dataset));
  for (const destination of facts.destinations) put(destinationEntity(destination.name, destination));
  for (const tool of facts.tools) put(toolEntity(tool.name, tool, datasets));
  for (const action of ["model.call", "tool.call", "data.export", "deploy", "use"]) put(actionEntity(action));
  for (const external of facts.externals) put(externalEntity(external));
  const tools = new Map(facts.tools.map((tool) => [tool.name, tool]));
  const called = calledNames(facts.tools);
  const findTool = (name: string): ToolFacts | undefined => tools.get(name) ?? called.get(name) ?? undefined;
  return {
    systems: new Map(facts.systems.map((system) => [system.name, system])),
    tools,
    externals: new Map(
      facts.externals.map((external) => [entityKey(externalType(external.type), external.name), external]),
    ),
    entities,
    tool: findTool,
    resource: (type, id) => {
      const name = type === "tool" ? (findTool(id)?.name ?? id) : id;
      return entities.get(entityKey(entityTypes[type], name)) ?? standIn(type, name);
    },
  };
}

/** Names that two tools answer to are nobody's: guessing which one was meant would be a way round a grant. */
function calledNames(tools: readonly ToolFacts[]): ReadonlyMap<string, ToolFacts | null> {
  const called = new Map<string, ToolFacts | null>();
  for (const tool of tools) {
    for (const name of new Set([...tool.names, tool.name.replaceAll(/[./]/g, "_")])) {
      called.set(name, called.has(name) && called.get(name) !== tool ? null : tool);
    }
  }
  return called;
}

// A snapshot shares the facts of all that did not change with the one before: their entities are kept.
const systemEntities = new WeakMap<SystemFacts, Entity>();

function systemEntity(system: SystemFacts): Entity {
  let entity = systemEntities.get(system);
  if (entity === undefined) {
    entity = new Entity("Mandate::System", system.name, systemAttributes(system), unitKeys(system.unit));
    systemEntities.set(system, entity);
  }
  return entity;
}

function unitKeys(unit: string | null): readonly string[] {
  return unit === null ? [] : [entityKey("Mandate::Unit", unit)];
}

function systemAttributes(system: SystemFacts): ReadonlyMap<string, Value> {
  const { authorization, boundary, grants, owners } = system;
  return attributes({
    ref: `system:${system.name}`,
    title: system.title,
    tier: system.tier,
    lifecycle: system.lifecycle,
    status: system.status,
    // the authorization has rules of its own, which say who decides it; what is missing must not hide them
    missing: texts(system.missing.filter((item) => item !== "authorization")),
    businessOwner: owners.business,
    technicalOwner: owners.technical,
    purposes: texts(system.purposes),
    audience: system.audience,
    autonomy: system.autonomy,
    environments: texts(system.environments),
    sensitivity: sensitivityRank(boundary.sensitivity),
    classes: texts(boundary.classes),
    regions: texts([...coveredJurisdictions(boundary.regions)]),
    training: boundary.training,
    grants: texts([
      ...grants.models.map((name) => `model:${name}`),
      ...grants.tools.map((name) => `tool:${name}`),
      ...grants.datasets.map((name) => `dataset:${name}`),
      ...grants.prompts.map((name) => `prompt:${name}`),
      ...grants.destinations.map((name) => `destination:${name}`),
    ]),
    differences: texts(system.differences),
    versionDigest: system.versionDigest,
    reassessmentDue: system.reassessmentDue,
    ownerVacantDue: system.ownerVacantDue ?? null,
    conditionSuspends: system.conditionDues?.suspend ?? null,
    conditionReassesses: system.conditionDues?.reassess ?? null,
    conditionRestricts: system.conditionDues?.restrict ?? null,
    authorization:
      authorization === null
        ? null
        : new CedarRecord(
            attributes({
              type: authorization.type,
              state: authorization.state,
              versionDigest: authorization.versionDigest,
              starts: Math.floor(authorization.starts),
              ends: Math.floor(authorization.ends),
            }),
          ),
  });
}

function modelEntity(model: ModelFacts): Entity {
  return new Entity(
    "Mandate::Model",
    model.name,
    attributes({
      ref: `model:${model.name}`,
      known: true,
      region: regionOf(model.region),
      training: model.training,
      maxSensitivity: sensitivityRank(model.maxSensitivity),
      visibility: model.visibility,
      stopped: model.stopped ?? false,
    }),
    vendorKeys(model.vendor),
  );
}

function toolEntity(name: string, tool: ToolFacts, datasets: ReadonlyMap<string, DatasetFacts>): Entity {
  return new Entity(
    "Mandate::Tool",
    name,
    attributes({
      ref: `tool:${name}`,
      known: true,
      effect: tool.effect,
      reversible: tool.reversible,
      changed: tool.changed,
      hosted: tool.hosted,
      stopped: tool.stopped ?? false,
      output: tool.output,
      region: regionOf(tool.region),
      returns:
        tool.returns === null ? null : datasetEntity(plainName(tool.returns), datasets.get(plainName(tool.returns))),
    }),
    tool.server === null ? [] : [entityKey("Mandate::McpServer", tool.server)],
  );
}

/** `returns` may be written as a reference. */
function plainName(reference: string): string {
  return reference.startsWith("dataset:") ? reference.slice("dataset:".length) : reference;
}

function datasetEntity(name: string, dataset: DatasetFacts | undefined): Entity {
  return new Entity(
    "Mandate::Dataset",
    name,
    attributes({
      ref: `dataset:${name}`,
      known: dataset !== undefined,
      sensitivity: dataset === undefined ? worstRank : rankOrWorst(dataset.sensitivity),
      classes: texts(dataset?.classes ?? []),
      region: regionOf(dataset?.region ?? null),
      purposes: texts(dataset?.purposes ?? []),
    }),
  );
}

const worstRank = sensitivityRank("restricted");

/** A word that is no sensitivity counts as the highest data: as -1 it would pass every ceiling. */
function rankOrWorst(sensitivity: DatasetFacts["sensitivity"]): number {
  const rank = sensitivityRank(sensitivity);
  return rank < 0 ? worstRank : rank;
}

function destinationEntity(name: string, destination: DestinationFacts | undefined): Entity {
  return new Entity(
    "Mandate::Destination",
    name,
    attributes({
      ref: `destination:${name}`,
      known: destination !== undefined,
      kind: destination?.kind ?? "external",
      stopped: destination?.stopped ?? false,
      region: regionOf(destination?.region ?? null),
      classes: texts(destination?.classes ?? []),
      maxSensitivity: sensitivityRank(destination?.maxSensitivity ?? "public"),
      purposes: texts(destination?.purposes ?? []),
    }),
    vendorKeys(destination?.vendor ?? null),
  );
}

/** What the register doesn't know, at its worst. Guardrails refuse it by `known`; no attribute is missing, so none errs. */
function standIn(type: ResourceType, name: string): Entity {
  if (type === "destination") return destinationEntity(name, undefined);
  if (type === "dataset") return datasetEntity(name, undefined);
  const worst: Readonly<Record<string, Value>> = {
    tool: { effect: "executes", reversible: false, changed: true, hosted: false, output: "untrusted", stopped: false },
    model: { training: "unknown", maxSensitivity: 0, visibility: "none", stopped: false },
    prompt: {},
    system: {},
  }[type];
  return new Entity(entityTypes[type], name, attributes({ ref: `${type}:${name}`, known: false, ...worst }));
}

export function externalType(type: string): string {
  return `External::${type}`;
}

function externalEntity(external: ExternalFacts): Entity {
  return new Entity(externalType(external.type), external.name, convertInput(null, external.properties).record.fields);
}

function vendorKeys(vendor: string | null): readonly string[] {
  return vendor === null ? [] : [entityKey("Mandate::Vendor", vendor)];
}

function regionOf(region: string | null): string | null {
  return region === null ? null : normaliseRegion(region);
}

export function texts(items: readonly string[]): CedarSet {
  return new CedarSet(items);
}

/** Null means the attribute does not exist. */
export function attributes(values: Readonly<Record<string, Value | null>>): ReadonlyMap<string, Value> {
  const map = new Map<string, Value>();
  for (const name in values) {
    const value = values[name];
    if (value !== null && value !== undefined) map.set(name, value);
  }
  return map;
}
