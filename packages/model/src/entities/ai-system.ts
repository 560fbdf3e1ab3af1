import { z } from "zod";
import { audiences, autonomies, sensitivities } from "../vocabulary.ts";
import { defineEntity } from "./define.ts";
import { intakeSchema } from "./intake.ts";
import { referenceSchema, referencesIn } from "./references.ts";
import type { ReferenceKind } from "./references.ts";
import { countSchema, decimalSchema, durationSchema, emailSchema, httpUrlSchema, instantSchema, lineSchema, nameSchema, regionSchema, wordSchema, wordsSchema } from "./scalars.ts";

export const boundarySchema = z.strictObject({
  /** The highest class it may touch. */
  sensitivity: z.enum(sensitivities),
  classes: wordsSchema.default([]),
  regions: z.array(regionSchema).min(1).max(100),
  retention: z.strictObject({ prompts: durationSchema.optional(), outputs: durationSchema.optional() }).optional(),
  training: z.enum(["never", "allowed"]).default("never"),
  share: z.array(referenceSchema("destination", "vendor", "legal-entity")).max(200).optional(),
});

const uses = (kind: ReferenceKind) => z.array(referenceSchema(kind)).max(500).default([]);

const usesSchema = z.strictObject({
  models: uses("model"),
  tools: uses("tool"),
  datasets: uses("dataset"),
  prompts: uses("prompt"),
  destinations: uses("destination"),
  agents: uses("agent"),
});

/** Whole euros may stand without quotes; a fraction may not, because YAML would read it as a float. */
const eurosSchema = z.union([decimalSchema, countSchema.transform(String)]);
const capsSchema = z.strictObject({ calls: countSchema.optional(), tokens: countSchema.optional(), euros: eurosSchema.optional(), people: countSchema.optional() });

/** Of each credential, or each person: what one of them may use of the system's limits. */
const shareSchema = z.strictObject({ callsPerDay: countSchema.optional(), tokensPerDay: countSchema.optional(), eurosPerDay: eurosSchema.optional() });

const limitsSchema = z.strictObject({
  callsPerDay: countSchema.optional(),
  callsPerMinute: countSchema.optional(),
  tokensPerDay: countSchema.optional(),
  eurosPerDay: eurosSchema.optional(),
  eurosPerMonth: eurosSchema.optional(),
  peoplePerDay: countSchema.optional(),
  perCredential: shareSchema.optional(),
  perPerson: shareSchema.optional(),
});

const sessionSchema = z.strictObject({
  user: z.enum(["token", "none"]).default("none"),
  issuers: z.array(httpUrlSchema).max(20).default([]),
  claims: wordsSchema.default([]),
  /** What the tokens' `aud` must name. */
  audiences: z.array(z.string().min(1).max(500)).max(20).optional(),
  /** `clean`: user turns hold only what the user typed. */
  userChannel: z.enum(["clean", "mixed"]).default("mixed"),
});

const identitySchema = z.strictObject({
  name: nameSchema,
  type: z.enum(["workload", "key", "oauth"]),
  spiffe: z.string().max(2000).regex(/^spiffe:\/\/[a-z0-9._-]+\/.+$/, "Write a SPIFFE id such as `spiffe://domain/path`.").optional(),
  maxTtl: durationSchema.optional(),
});

/**
 * Owners, purposes, boundary and intake may be absent: a system is stored as proposed as soon as someone names it, and
 * `missing[]` says what G1 still lacks. What cannot be registered in a minute is run unregistered.
 */
export const aiSystem = defineEntity({
  kind: "AISystem",
  plural: "systems",
  reference: "system",
  spec: z.strictObject({
    title: lineSchema.optional(),
    description: lineSchema.optional(),
    purposes: z.array(z.strictObject({ id: wordSchema, text: lineSchema })).max(50).default([]),
    prohibitedUses: z.array(lineSchema).max(100).optional(),
    owners: z.strictObject({ business: emailSchema.optional(), technical: emailSchema.optional() }).default({}),
    roles: z.array(z.strictObject({ entity: nameSchema, role: z.enum(["provider", "deployer", "importer", "distributor", "gpai-provider"]), jurisdiction: wordSchema.optional() })).max(50).optional(),
    audience: z.enum(audiences).default("internal"),
    autonomy: z.enum(autonomies).default("acts"),
    affected: wordsSchema.default([]),
    interactsWithPeople: z.boolean().optional(),
    syntheticOutput: z.boolean().optional(),
    intake: intakeSchema.optional(),
    environments: wordsSchema.default([]),
    session: sessionSchema.optional(),
    boundary: boundarySchema.optional(),
    uses: usesSchema.default({ models: [], tools: [], datasets: [], prompts: [], destinations: [], agents: [] }),
    policies: z.array(referenceSchema("policy")).max(50).default([]),
    limits: limitsSchema.optional(),
    identities: z.array(identitySchema).max(50).optional(),
    pilot: z.strictObject({ ends: instantSchema.optional(), caps: capsSchema.optional() }).optional(),
    reassessAlsoWhen: wordsSchema.optional(),
    /** Systems that looked alike at intake, and why this one isn't the same. */
    distinctFrom: z.array(z.strictObject({ system: nameSchema, reason: lineSchema })).max(20).optional(),
  }),
  refs: (spec) => [
    ...(spec.roles ?? []).flatMap((role, index) => referencesIn(`legal-entity:${role.entity}`, "roles", index, "entity")),
    ...referencesIn(spec.boundary?.share, "boundary", "share"),
    ...referencesIn(spec.uses.models, "uses", "models"),
    ...referencesIn(spec.uses.tools, "uses", "tools"),
    ...referencesIn(spec.uses.datasets, "uses", "datasets"),
    ...referencesIn(spec.uses.prompts, "uses", "prompts"),
    ...referencesIn(spec.uses.destinations, "uses", "destinations"),
    ...referencesIn(spec.uses.agents, "uses", "agents"),
    ...referencesIn(spec.policies, "policies"),
  ],
  cosmetic: ["title", "description", "reassessAlsoWhen", "distinctFrom", "identities", "owners", "pilot"],
});
export type AISystemSpec = z.output<typeof aiSystem.spec>;

/** What was approved: everything a system uses, word for word. Written by the product alone, never changed. */
export const systemVersion = defineEntity({
  kind: "SystemVersion",
  plural: "system-versions",
  spec: z.strictObject({
    system: nameSchema,
    digest: z.string().regex(/^[0-9a-f]{64}$/),
    manifest: z.record(z.string(), z.unknown()),
  }),
  manifest: false,
});
