import { z } from "zod";
import { defineEntity } from "./define.ts";
import { referenceSchema, referencesIn } from "./references.ts";
import { emailSchema, httpUrlSchema, instantSchema, lineSchema, proseSchema, wordSchema, wordsSchema } from "./scalars.ts";

/**
 * What people know about a system beside what it uses. None of it is part of a system's version: a risk written down
 * voids no approval. What it says about the present (ended, below threshold, not accepted) is compared with the clock.
 */
const systems = z.array(referenceSchema("system")).max(100);
const levels = z.enum(["low", "medium", "high"]);
const score = z.number().min(-1e12).max(1e12);
const threshold = z.strictObject({ direction: z.enum(["at-least", "at-most"]), value: score });

/** Points of Annex IV to the EU AI Act, which a technical file has to answer: `1a` is point 1(a). */
export const annexIvPoints = ["1a", "1b", "1c", "1d", "1e", "1f", "1g", "1h", "2a", "2b", "2c", "2d", "2e", "2f", "2g", "2h", "3", "4", "5", "6", "7", "8", "9"] as const;
export type AnnexIvPoint = (typeof annexIvPoints)[number];

export const documentTypes = ["policy", "agreement", "dpa", "questionnaire", "fria", "dpia", "notice", "minutes", "technical", "exit-plan", "other"] as const;

const sha256 = z.string().regex(/^[0-9a-f]{64}$/, "Write a SHA-256 as 64 lower-case hex digits.");

/** Acceptance isn't written here: it is a person's act with an end (`POST /api/v1/risks/NAME/accept`). */
export const risk = defineEntity({
  kind: "Risk",
  plural: "risks",
  reference: "risk",
  spec: z.strictObject({
    title: lineSchema,
    description: proseSchema.optional(),
    systems: systems.min(1),
    owner: emailSchema,
    likelihood: levels,
    impact: levels,
    treatment: z.enum(["avoid", "reduce", "transfer", "accept"]),
    /** What is left once the controls work. */
    residual: levels,
    /** Ids of the controls that treat it. */
    controls: wordsSchema.default([]),
    review: instantSchema.optional(),
  }),
  refs: (spec) => referencesIn(spec.systems, "systems"),
});

export const document = defineEntity({
  kind: "Document",
  plural: "documents",
  reference: "document",
  spec: z.strictObject({
    title: lineSchema,
    type: z.enum(documentTypes),
    systems: systems.default([]),
    vendor: referenceSchema("vendor").optional(),
    owner: emailSchema,
    /** Where it lies. Its bytes stay there; the hash says which bytes were meant. */
    url: httpUrlSchema.optional(),
    sha256: sha256.optional(),
    /** Points of Annex IV that it answers. */
    annex4: z.array(z.enum(annexIvPoints)).max(annexIvPoints.length).optional(),
    ends: instantSchema.optional(),
  }),
  refs: (spec) => [...referencesIn(spec.systems, "systems"), ...referencesIn(spec.vendor, "vendor")],
});

export const trainingRecord = defineEntity({
  kind: "TrainingRecord",
  plural: "training-records",
  reference: "training-record",
  spec: z.strictObject({
    person: emailSchema,
    course: lineSchema,
    /** Roles it qualifies for, as the organization names them. */
    roles: wordsSchema.default([]),
    systems: systems.default([]),
    completed: instantSchema,
    ends: instantSchema.optional(),
  }),
  refs: (spec) => referencesIn(spec.systems, "systems"),
});

/** One measure of how a system behaves, with the newest score; older ones stand in its history. */
export const evaluation = defineEntity({
  kind: "Evaluation",
  plural: "evaluations",
  reference: "evaluation",
  spec: z.strictObject({
    title: lineSchema,
    system: referenceSchema("system"),
    owner: emailSchema,
    metric: wordSchema,
    method: lineSchema.optional(),
    dataset: referenceSchema("dataset").optional(),
    threshold,
    score: score.optional(),
    measured: instantSchema.optional(),
    /** A score older than this counts as none. */
    every: z.string().regex(/^[1-9][0-9]{0,3}d$/, "Write days such as `90d`.").optional(),
  }),
  refs: (spec) => [...referencesIn(spec.system, "system"), ...referencesIn(spec.dataset, "dataset")],
});

/** People looked at what a system did to people (SPEC 2, Evaluation and OutcomeReview). */
export const outcomeReview = defineEntity({
  kind: "OutcomeReview",
  plural: "outcome-reviews",
  reference: "outcome-review",
  spec: z
    .strictObject({
      title: lineSchema.optional(),
      system: referenceSchema("system"),
      reviewer: emailSchema,
      from: instantSchema,
      until: instantSchema,
      population: z.int().min(0).max(1_000_000_000_000),
      sampled: z.int().min(0).max(10_000_000),
      /** Of the sampled: outcomes a reviewer called wrong or harmful. */
      adverse: z.int().min(0).max(10_000_000),
      complaints: z.int().min(0).max(10_000_000).default(0),
      /** Share of adverse outcomes above which the system is looked at again, 0 to 1. */
      tolerated: z.number().min(0).max(1),
      notes: proseSchema.optional(),
      next: instantSchema.optional(),
    })
    .refine((spec) => Date.parse(spec.from) < Date.parse(spec.until), { path: ["until"], message: "The period ends after it begins." })
    .refine((spec) => spec.adverse <= spec.sampled, { path: ["adverse"], message: "No more outcomes can be adverse than were sampled." })
    .refine((spec) => spec.sampled <= spec.population, { path: ["sampled"], message: "No more outcomes can be sampled than there were." }),
  refs: (spec) => referencesIn(spec.system, "system"),
});
