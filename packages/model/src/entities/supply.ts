import { z } from "zod";
import { protocols } from "../vocabulary.ts";
import { defineEntity } from "./define.ts";
import { referenceSchema, referencesIn } from "./references.ts";
import { daySchema, decimalSchema, durationSchema, emailSchema, httpUrlSchema, lineSchema, nameSchema, proseSchema, regionSchema, sensitivitySchema, visibilitySchema, wordSchema, wordsSchema } from "./scalars.ts";

/** Who sells us something, and under which terms. */
export const vendor = defineEntity({
  kind: "Vendor",
  plural: "vendors",
  reference: "vendor",
  spec: z.strictObject({
    title: lineSchema.optional(),
    contract: z.strictObject({ dpa: lineSchema.optional(), expires: daySchema.optional() }).optional(),
    /** What the vendor itself logs. */
    visibility: visibilitySchema.default("none"),
    watch: wordsSchema.optional(),
    subprocessors: z.array(lineSchema).max(200).optional(),
    /** Where it processes what we send. */
    regions: z.array(regionSchema).max(50).optional(),
    terms: z.strictObject({ version: lineSchema, url: httpUrlSchema.optional() }).optional(),
    /** May it train on what we send. */
    training: z.enum(["never", "allowed", "unknown"]).optional(),
    /** How long it keeps what we send. */
    retention: durationSchema.optional(),
  }),
  cosmetic: ["title", "watch"],
});

export const model = defineEntity({
  kind: "Model",
  plural: "models",
  reference: "model",
  spec: z.strictObject({
    title: lineSchema.optional(),
    owner: emailSchema.optional(),
    vendor: referenceSchema("vendor").optional(),
    host: z.enum(["self", "vendor"]).optional(),
    protocol: z.enum(protocols),
    endpoint: httpUrlSchema,
    /** Without one no authorization header is sent. */
    credential: referenceSchema("secret").optional(),
    /** The model's name there; default its own. */
    upstream: z.string().min(1).max(200).optional(),
    /** Ids accepted in answers; default `upstream`. */
    served: z.array(z.string().min(1).max(200)).min(1).max(50).optional(),
    region: regionSchema.optional(),
    training: z.enum(["never", "allowed", "unknown"]).default("unknown"),
    retention: durationSchema.optional(),
    maxSensitivity: sensitivitySchema.default("internal"),
    visibility: visibilitySchema.optional(),
    role: z.enum(["primary", "fallback"]).optional(),
    /** Called in its place, in order, where it can't answer. A system needs a grant for each of them. */
    fallback: z.array(referenceSchema("model")).min(1).max(3).optional(),
    /** Azure's dated version of its API. */
    apiVersion: z.string().regex(/^[A-Za-z0-9][\w.-]{0,39}$/).optional(),
    /** Euros a million tokens, from that day on: a new price is a new line, and what was spent before keeps its own. */
    price: z.array(z.strictObject({ from: daySchema, input: decimalSchema, output: decimalSchema })).min(1).max(100).optional(),
  }),
  refs: (spec) => [
    ...referencesIn(spec.vendor, "vendor"),
    ...referencesIn(spec.credential, "credential"),
    ...referencesIn(spec.fallback, "fallback"),
  ],
  // Rotating the sealed secret is not a change of the model.
  cosmetic: ["title", "owner", "credential", "price"],
});

const slotSchema = z.strictObject({
  type: z.enum(["text", "date", "number", "id"]).optional(),
  maxLength: z.int().min(1).max(100_000).optional(),
  charset: z.enum(["letters", "digits", "alphanumeric", "any"]).optional(),
});

export const prompt = defineEntity({
  kind: "Prompt",
  plural: "prompts",
  reference: "prompt",
  spec: z.strictObject({
    title: lineSchema.optional(),
    owner: emailSchema.optional(),
    /** Fixed segments and `{{slot}}`s. */
    template: z.string().min(1).max(100_000),
    slots: z.record(wordSchema, slotSchema).optional(),
    shared: z.boolean().optional(),
  }),
  cosmetic: ["title", "owner"],
});

export const dataset = defineEntity({
  kind: "Dataset",
  plural: "datasets",
  reference: "dataset",
  spec: z.strictObject({
    title: lineSchema.optional(),
    owner: emailSchema.optional(),
    sensitivity: sensitivitySchema,
    classes: wordsSchema.default([]),
    subjects: wordsSchema.optional(),
    region: regionSchema.optional(),
    retention: durationSchema.optional(),
    /** Empty or absent: any purpose of the systems granted it. */
    purposes: wordsSchema.optional(),
  }),
  cosmetic: ["title", "owner"],
});

export const destination = defineEntity({
  kind: "Destination",
  plural: "destinations",
  reference: "destination",
  spec: z.strictObject({
    title: lineSchema.optional(),
    /** Absent: the worst. */
    kind: z.enum(["internal", "partner", "external", "public"]).default("external"),
    vendor: referenceSchema("vendor").optional(),
    region: regionSchema.optional(),
    classes: wordsSchema.default([]),
    maxSensitivity: sensitivitySchema.default("public"),
    purposes: wordsSchema.default([]),
  }),
  refs: (spec) => referencesIn(spec.vendor, "vendor"),
  cosmetic: ["title"],
});

export const dataFlow = defineEntity({
  kind: "DataFlow",
  plural: "data-flows",
  reference: "data-flow",
  spec: z.strictObject({
    title: lineSchema.optional(),
    system: referenceSchema("system").optional(),
    from: referenceSchema("system", "dataset", "tool", "model", "destination", "vendor", "legal-entity"),
    to: referenceSchema("system", "dataset", "tool", "model", "destination", "vendor", "legal-entity"),
    classes: wordsSchema.default([]),
    sensitivity: sensitivitySchema.optional(),
    region: regionSchema.optional(),
    purpose: wordSchema.optional(),
    transferBasis: lineSchema.optional(),
  }),
  refs: (spec) => [...referencesIn(spec.system, "system"), ...referencesIn(spec.from, "from"), ...referencesIn(spec.to, "to")],
  cosmetic: ["title"],
});

/** Anything an AuthZEN caller asks about: `External::TYPE::"NAME"`. */
export const entity = defineEntity({
  kind: "Entity",
  plural: "entities",
  reference: "entity",
  spec: z.strictObject({
    type: z.string().regex(/^[A-Za-z_][A-Za-z0-9_]{0,63}$/, "Use letters, digits and `_`, as Cedar's types do."),
    properties: z.record(z.string().min(1).max(100), z.unknown()).default({}),
    description: proseSchema.optional(),
  }),
});

export const agent = defineEntity({
  kind: "Agent",
  plural: "agents",
  reference: "agent",
  spec: z.strictObject({
    title: lineSchema.optional(),
    owner: emailSchema.optional(),
    version: nameSchema.optional(),
    prompts: z.array(referenceSchema("prompt")).max(100).optional(),
    tools: z.array(referenceSchema("tool")).max(500).optional(),
    models: z.array(referenceSchema("model")).max(100).optional(),
    /** The system that runs it; a caller takes at least that system's tier. */
    system: referenceSchema("system").optional(),
    shared: z.boolean().optional(),
  }),
  refs: (spec) => [...referencesIn(spec.prompts, "prompts"), ...referencesIn(spec.tools, "tools"), ...referencesIn(spec.models, "models"), ...referencesIn(spec.system, "system")],
  cosmetic: ["title", "owner"],
});
