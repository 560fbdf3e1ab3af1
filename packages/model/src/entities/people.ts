import { z } from "zod";
import { roles } from "../vocabulary.ts";
import { defineEntity } from "./define.ts";
import { emailSchema, lineSchema, wordSchema } from "./scalars.ts";

/** A committee is a group with a quorum. */
export const group = defineEntity({
  kind: "Group",
  plural: "groups",
  reference: "group",
  spec: z.strictObject({
    title: lineSchema.optional(),
    members: z.array(emailSchema).max(500),
    quorum: z.int().min(1).max(500).optional(),
  }),
  cosmetic: ["title"],
});

export const legalEntity = defineEntity({
  kind: "LegalEntity",
  plural: "legal-entities",
  reference: "legal-entity",
  spec: z.strictObject({ name: lineSchema, jurisdiction: wordSchema }),
});

/**
 * Read through the register like everything else, written by `POST /api/v1/people` alone: a manifest that could name
 * roles would let whoever may apply one invent an approver.
 */
export const person = defineEntity({
  kind: "Person",
  plural: "people",
  spec: z.strictObject({ name: lineSchema, email: emailSchema, roles: z.array(z.enum(roles)).max(9) }),
  manifest: false,
});
