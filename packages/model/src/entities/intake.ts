import { z } from "zod";
import { instantSchema, lineSchema } from "./scalars.ts";

/** Article 5(1) points; `ba` and `bb` come from amending acts and stand beside the original letters. */
export const prohibitedPractices = [
  "ART-5.1.a", "ART-5.1.b", "ART-5.1.ba", "ART-5.1.bb", "ART-5.1.c", "ART-5.1.d", "ART-5.1.e", "ART-5.1.f", "ART-5.1.g", "ART-5.1.h",
] as const;

/** Also accepts the bare point (`a`, `5.1.a`); the canonical id is stored. */
const prohibitedSchema = z
  .string()
  .transform((value) => `ART-5.1.${value.replace(/^(?:ART-?)?(?:5\.)?(?:1\.)?/i, "").toLowerCase()}`)
  .pipe(z.enum(prohibitedPractices));

const annex3Schema = z
  .string()
  .transform((value) => `ANX-III.${value.replace(/^(?:ANX-?)?(?:III\.?)?/i, "").toLowerCase()}`)
  .pipe(z.string().regex(/^ANX-III\.[1-8](?:\.[a-z]{1,2})?$/, "Write an Annex III point such as `ANX-III.4.a`."));

/** What only a person can know. Absent is *not answered*; an empty list is "none of these". */
export const intakeSchema = z.strictObject({
  prohibited: z.array(prohibitedSchema).max(10).optional(),
  annex3: z.array(annex3Schema).max(25).optional(),
  annex1: z.union([z.boolean(), z.strictObject({ thirdPartyAssessment: z.boolean() })]).optional(),
  article6_3: z
    .union([z.literal(false), z.strictObject({ condition: z.enum(["a", "b", "c", "d"]), reason: lineSchema }), lineSchema])
    .optional(),
  profiling: z.boolean().optional(),
  decisionEffect: z.enum(["none", "informs", "decides"]).optional(),
  /** Words, or plainly `true` (can be undone) or `false`. */
  reversibility: z.union([z.boolean(), lineSchema]).optional(),
  vulnerable: z.boolean().optional(),
  publicBody: z.boolean().optional(),
  euNexus: z.boolean().optional(),
  /** Who answered and when; the product fills it in when absent. */
  answeredBy: lineSchema.optional(),
  answeredAt: instantSchema.optional(),
});
export type Intake = z.output<typeof intakeSchema>;
