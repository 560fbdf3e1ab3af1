import {
  type DecisionRequest,
  type Sensitivity,
  sensitivityRank,
  type SystemFacts,
  type ToolFacts,
} from "@mandate/model";
import { CedarRecord, type Entity, EvaluationError, type Value } from "./cedar/values.ts";
import { dataClasses } from "./classes.ts";
import { convertInput } from "./input.ts";
import { coveredJurisdictions, normaliseRegion, regionWithin } from "./jurisdictions.ts";
import { attributes, texts } from "./world.ts";

/** The call's purpose: what it names, else the system's only one (SPEC 3, Policy). */
export function purposeOf(request: DecisionRequest, system: SystemFacts): string | null {
  if (request.purpose !== null) return request.purpose;
  return system.purposes.length === 1 ? system.purposes[0]! : null;
}

/** What is left of the data once a redacting rule's types are masked; null types mean nothing is masked. */
export function remainingData(request: DecisionRequest, system: SystemFacts, masked: readonly string[] | null) {
  const classes = dataClasses(carriedClasses(request));
  const sensitivity = dataSensitivity(request, system);
  if (masked === null) return { classes, sensitivity };
  const gone = new Set(dataClasses(masked));
  return { classes: classes.filter((dataClass) => !gone.has(dataClass)), sensitivity: Math.max(0, sensitivity - 1) };
}

/** An export may carry whatever its session has read; other calls carry what was found in them. */
function carriedClasses({ action, data, labels }: DecisionRequest): readonly string[] {
  return action === "data.export" && labels.classes.length > 0 ? [...data.classes, ...labels.classes] : data.classes;
}

/** INVARIANT: a word that is no sensitivity ranks nowhere; as -1 it would pass every ceiling. */
function rank(sensitivity: Sensitivity): number {
  const found = sensitivityRank(sensitivity);
  if (found < 0) throw new EvaluationError("unknown sensitivity");
  return found;
}

/** Data of unstated sensitivity leaving is of the boundary's highest class: nobody looked at it (SPEC 3). */
function dataSensitivity(request: DecisionRequest, system: SystemFacts): number {
  const seen = rank(request.labels.maxSensitivity);
  if (request.data.sensitivity !== null) return Math.max(seen, rank(request.data.sensitivity));
  if (request.action !== "data.export") return seen;
  return Math.max(seen, rank(system.boundary.sensitivity));
}

export function buildContext(
  request: DecisionRequest,
  system: SystemFacts,
  resource: Entity,
  tool: ToolFacts | undefined,
  data: { readonly classes: readonly string[]; readonly sensitivity: number },
): CedarRecord {
  const fields = new Map<string, Value>();
  fields.set("now", Math.floor(request.now));
  const purpose = purposeOf(request, system);
  if (purpose !== null) fields.set("purpose", purpose);
  fields.set("labels", labelsRecord(request));
  fields.set("session", convertInput(null, request.session).record);
  fields.set("data", dataRecord(request, system, resource, data));
  if (request.digest !== null) fields.set("digest", request.digest);
  if (request.action === "tool.call") {
    const input = convertInput(tool?.input ?? null, request.input ?? {});
    fields.set("input", input.record);
    if (input.problem !== null) fields.set("inputProblem", input.problem);
    // a tool that declares no critical argument has none that the user could have spelled out
    fields.set("argumentsFromUser", request.argumentsFromUser && tool !== undefined && tool.critical.length > 0);
    fields.set("recipientIsCaller", tool !== undefined && recipientIsCaller(tool, request.input ?? {}));
  }
  return new CedarRecord(fields);
}

function labelsRecord({ labels }: DecisionRequest): CedarRecord {
  return new CedarRecord(
    attributes({
      sensitivity: rank(labels.maxSensitivity),
      untrusted: labels.untrusted,
      residency: texts(labels.residency.map(normaliseRegion)),
      classes: texts(labels.classes),
      purposes: labels.purposes === null ? null : texts(labels.purposes),
    }),
  );
}

function dataRecord(
  request: DecisionRequest,
  system: SystemFacts,
  resource: Entity,
  data: { readonly classes: readonly string[]; readonly sensitivity: number },
): CedarRecord {
  const regions = dataRegions(request);
  return new CedarRecord(
    attributes({
      classes: texts(data.classes),
      sensitivity: data.sensitivity,
      // Of an export the region is taken for granted where nobody states it; a call is held to the region its data is known to have.
      area: texts(request.action === "data.export" || regions.length > 0 ? dataArea(regions, system.boundary.regions) : []),
      regionInside: regions.every((region) => regionWithin(region, system.boundary.regions)),
      regionKnown: regions.length > 0,
      cleared: isCleared(request, system, resource, regions, data.classes),
    }),
  );
}

/** A legal review covers exactly this flow, now: target and where it lies, where the data is from, its classes, the purpose. */
function isCleared(request: DecisionRequest, system: SystemFacts, resource: Entity, regions: readonly string[], classes: readonly string[]): boolean {
  const flows = system.clearedFlows ?? [];
  if (flows.length === 0) return false;
  const region = resource.attributes?.get("region");
  const target = `${request.resource.type}:${resource.id}`;
  const purpose = purposeOf(request, system);
  // INVARIANT: data of unknown region is from nowhere that was reviewed, unless the boundary has but one region.
  const from = regions.length > 0 ? regions : system.boundary.regions.length === 1 ? system.boundary.regions : [];
  if (typeof region !== "string" || from.length === 0) return false;
  return flows.some(
    (flow) =>
      request.now < flow.until &&
      flow.target === target &&
      normaliseRegion(flow.region) === region &&
      from.every((one) => regionWithin(one, flow.from)) &&
      (flow.classes.length === 0 || classes.every((one) => flow.classes.includes(one))) &&
      (flow.purposes.length === 0 || (purpose !== null && flow.purposes.includes(purpose))),
  );
}

function dataRegions(request: DecisionRequest): readonly string[] {
  const stated = request.data.region;
  const seen = request.labels.residency;
  return stated === null || seen.includes(stated) ? seen : [...seen, stated];
}

/**
 * Where data of these regions may go without a legal review: inside its own region, or anywhere inside the one entry of
 * the boundary that holds that region (data in DE, boundary EEA: the whole EEA). Data of several regions may go where
 * each may. Data of unknown region is taken to be in the boundary's only region; with several, nowhere is cleared.
 */
export function dataArea(regions: readonly string[], boundary: readonly string[]): readonly string[] {
  if (regions.length === 0) return boundary.length === 1 ? [...coveredJurisdictions(boundary)] : [];
  const areas = regions.map((region) => {
    const holding = boundary.filter((entry) => regionWithin(region, [entry]));
    return coveredJurisdictions([region, ...holding]);
  });
  return [...areas[0]!].filter((place) => areas.every((area) => area.has(place)));
}

/** `recipients: caller`, or every argument of `recipientsFrom` empty: then nobody else receives anything. */
export function recipientIsCaller(tool: ToolFacts, input: Readonly<Record<string, unknown>>): boolean {
  if (tool.recipients !== null) return tool.recipients === "caller";
  return (
    tool.recipientsFrom.length > 0 &&
    tool.recipientsFrom.every((arg) => !Object.hasOwn(input, arg) || isEmpty(input[arg]))
  );
}

function isEmpty(value: unknown): boolean {
  if (value === null || value === undefined || value === "") return true;
  return typeof value === "object" && Object.values(value).every(isEmpty);
}
