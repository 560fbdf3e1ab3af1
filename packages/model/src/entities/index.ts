import { aiSystem, systemVersion } from "./ai-system.ts";
import type { EntityDefinition } from "./define.ts";
import { group, legalEntity, person } from "./people.ts";
import { policy } from "./policy.ts";
import { document, evaluation, outcomeReview, risk, trainingRecord } from "./records.ts";
import { agent, dataFlow, dataset, destination, entity, model, prompt, vendor } from "./supply.ts";
import { mcpServer, tool } from "./tools.ts";
import type { ReferenceKind } from "./references.ts";

export { defineEntity } from "./define.ts";
export type { EntityDefinition, EntityInit } from "./define.ts";
export { referenceKinds, parseReference, serverOfWildcard, isHostedTool, hostedPrefix } from "./references.ts";
export type { Reference, ReferenceKind } from "./references.ts";
export { daySchema, decimalSchema, durationSchema, durationSeconds, emailSchema, instantSchema, lineSchema, nameSchema, wordSchema } from "./scalars.ts";
export { intakeSchema, prohibitedPractices } from "./intake.ts";
export type { Intake } from "./intake.ts";
export type { AISystemSpec } from "./ai-system.ts";
export { annexIvPoints, documentTypes } from "./records.ts";
export type { AnnexIvPoint } from "./records.ts";

/** Every kind of register object. The order is the order in which a manifest is applied: what is referred to comes first. */
export const entities = {
  LegalEntity: legalEntity,
  Group: group,
  Vendor: vendor,
  Destination: destination,
  Dataset: dataset,
  Model: model,
  Prompt: prompt,
  McpServer: mcpServer,
  Tool: tool,
  Agent: agent,
  DataFlow: dataFlow,
  Policy: policy,
  Entity: entity,
  AISystem: aiSystem,
  SystemVersion: systemVersion,
  Risk: risk,
  Document: document,
  TrainingRecord: trainingRecord,
  Evaluation: evaluation,
  OutcomeReview: outcomeReview,
  Person: person,
} as const;
export type EntityKind = keyof typeof entities;
export type SpecOf<K extends EntityKind> = (typeof entities)[K]["spec"]["_output"];

export const entityKinds = Object.keys(entities) as readonly EntityKind[];
/** Kinds a manifest may hold. */
export const manifestKinds = entityKinds.filter((kind) => entities[kind].manifest);

const byPlural = new Map<string, EntityKind>(entityKinds.map((kind) => [entities[kind].plural, kind]));
const byReference = new Map<ReferenceKind, EntityKind>(entityKinds.flatMap((kind) => (entities[kind].reference ? [[entities[kind].reference, kind] as const] : [])));

/** Kind of an API path segment (`mcp-servers`), or undefined. */
export function kindOfPlural(plural: string): EntityKind | undefined {
  return byPlural.get(plural);
}

/** Kind that `tool:` and its like refer to; undefined for `secret`. */
export function kindOfReference(reference: ReferenceKind): EntityKind | undefined {
  return byReference.get(reference);
}

/** The definition without its exact spec type, for code that treats all kinds alike. */
export function definitionOf(kind: EntityKind): EntityDefinition {
  return entities[kind];
}
