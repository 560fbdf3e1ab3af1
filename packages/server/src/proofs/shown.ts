import type { InvariantProof, Widening } from "@mandate/policy/proof";
import { z } from "zod";
import { exampleWords } from "./words.ts";

const verdict = z.enum(["allow", "hold", "deny"]);
const decided = z.object({ outcome: verdict, rule: z.string().nullable() });
export const shownExample = z.object({
  system: z.string(),
  action: z.string(),
  resource: z.string(),
  text: z.string().describe("the example in words"),
  details: z.array(z.object({ path: z.string(), value: z.string() })).describe("what the rules in question read of it"),
  before: decided.nullable(),
  after: decided,
  request: z.looseObject({}).describe("the whole question"),
});
export const shownProof = z.object({
  id: z.string(),
  policy: z.string().nullable().describe("where it stands; null: it comes with the product"),
  on: z.string(),
  asks: z.enum(["denied", "held"]),
  condition: z.string(),
  because: z.string().nullable(),
  mustProve: z.boolean(),
  state: z.enum(["proven", "refuted", "cant_tell"]),
  reason: z.string().nullable().describe("why it can't be told"),
  example: shownExample.nullable(),
});
export const shownWidening = z.object({ state: z.enum(["no", "yes", "cant_tell"]), reason: z.string().nullable(), example: shownExample.nullable() });

function example(of: InvariantProof["example"]): z.infer<typeof shownExample> | null {
  return of && { system: of.system, action: of.action, resource: of.resource, text: exampleWords(of), details: [...of.details], before: of.before, after: of.after, request: { ...of.request } };
}

export function showProof(proof: InvariantProof): z.infer<typeof shownProof> {
  return { ...proof, example: example(proof.example) };
}

export function showWidening({ state, reason, example: of }: Widening): z.infer<typeof shownWidening> {
  return { state, reason, example: example(of) };
}
