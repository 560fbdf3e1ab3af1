import { z } from "zod";
import { actions, sensitivities, verdicts } from "../vocabulary.ts";
import { defineEntity } from "./define.ts";
import { referenceSchema, referencesIn } from "./references.ts";
import { durationSchema, lineSchema, nameSchema, wordSchema, wordsSchema } from "./scalars.ts";

const remedySchema = z.strictObject({ text: lineSchema, command: lineSchema.optional(), url: z.string().max(2000).regex(/^https?:\/\//, "Write an http or https address.").optional() });
const conditionSchema = z.string().min(1).max(4000);
const target = referenceSchema("tool", "model", "destination");

const ruleSchema = z
  .strictObject({
    id: nameSchema,
    on: target,
    denyUnless: conditionSchema.optional(),
    holdUnless: conditionSchema.optional(),
    redact: wordsSchema.min(1).optional(),
    tokenize: wordsSchema.min(1).optional(),
    approvers: z.strictObject({ group: nameSchema, count: z.int().min(1).max(20).optional(), within: durationSchema.optional() }).optional(),
    because: lineSchema.optional(),
    remedies: z.array(remedySchema).max(10).optional(),
  })
  .refine((rule) => [rule.denyUnless, rule.holdUnless, rule.redact, rule.tokenize].some((part) => part !== undefined), {
    message: "A rule needs `denyUnless`, `holdUnless`, `redact` or `tokenize`.",
  });

const testSchema = z.strictObject({
  name: lineSchema,
  call: target,
  input: z.record(z.string().max(200), z.unknown()).optional(),
  session: z.record(z.string().max(200), z.unknown()).optional(),
  purpose: wordSchema.optional(),
  class: wordSchema.optional(),
  region: wordSchema.optional(),
  sensitivity: z.enum(sensitivities).optional(),
  expect: z.enum(verdicts),
});

/** What must stay true of every call, whatever is registered: proven before the policy it stands in, or any other, is published. */
const invariantSchema = z
  .strictObject({
    id: nameSchema,
    on: z.union([z.enum(actions), target]),
    deniedWhen: conditionSchema.optional(),
    heldWhen: conditionSchema.optional(),
    because: lineSchema.optional(),
    of: z.enum(["carriers", "everybody"]).optional(),
    mustProve: z.boolean().optional(),
  })
  .refine((invariant) => (invariant.deniedWhen === undefined) !== (invariant.heldWhen === undefined), { message: "An invariant has exactly one of `deniedWhen` and `heldWhen`." });

export const policy = defineEntity({
  kind: "Policy",
  plural: "policies",
  reference: "policy",
  spec: z
    .strictObject({
      title: lineSchema.optional(),
      rules: z.array(ruleSchema).max(200).optional(),
      cedar: z.string().min(1).max(200_000).optional(),
      tests: z.array(testSchema).max(500).optional(),
      invariants: z.array(invariantSchema).max(50).optional(),
    })
    .refine((spec) => (spec.rules === undefined) !== (spec.cedar === undefined), { message: "Give either `rules` or `cedar`." }),
  refs: (spec) => [
    ...(spec.rules ?? []).flatMap((rule, index) => [
      ...referencesIn(rule.on, "rules", index, "on"),
      ...(rule.approvers && rule.approvers.group !== "owners" ? referencesIn(`group:${rule.approvers.group}`, "rules", index, "approvers", "group") : []),
    ]),
    ...(spec.tests ?? []).flatMap((test, index) => referencesIn(test.call, "tests", index, "call")),
    ...(spec.invariants ?? []).flatMap((invariant, index) => (invariant.on.includes(":") ? referencesIn(invariant.on, "invariants", index, "on") : [])),
  ],
  cosmetic: ["title", "tests", "invariants"],
});
