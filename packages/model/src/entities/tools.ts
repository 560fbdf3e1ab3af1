import { z } from "zod";
import { argumentTypes, effects } from "../vocabulary.ts";
import { defineEntity } from "./define.ts";
import { referenceSchema, referencesIn } from "./references.ts";
import { emailSchema, httpUrlSchema, lineSchema, proseSchema, regionSchema } from "./scalars.ts";

const argumentName = z.string().min(1).max(100);
/** A bare name is compared as text. */
const criticalSchema = z.union([
  argumentName.transform((arg) => ({ arg, type: "text" as const })),
  z.strictObject({ arg: argumentName, type: z.enum(argumentTypes).default("text") }),
]);

export const tool = defineEntity({
  kind: "Tool",
  plural: "tools",
  reference: "tool",
  spec: z.strictObject({
    title: lineSchema.optional(),
    description: proseSchema.optional(),
    owner: emailSchema.optional(),
    /** Absent: a framework runs it itself. */
    server: referenceSchema("mcp-server").optional(),
    names: z.array(z.string().regex(/^[A-Za-z0-9][A-Za-z0-9._/:-]{0,199}$/, "Write a tool's name as models and servers call it.")).min(1).max(20).optional(),
    /** Absent: the worst. */
    effect: z.enum(effects).default("executes"),
    /** Absent: unknown, which counts as no. */
    reversible: z.boolean().optional(),
    critical: z.array(criticalSchema).max(50).optional(),
    recipients: z.enum(["caller", "others"]).optional(),
    recipientsFrom: z.array(argumentName).max(20).optional(),
    output: z.enum(["untrusted", "trusted"]).default("untrusted"),
    /** All it ever says: one word of a list, a number, or the name of an object of one Entity type. */
    extracts: z
      .union([
        z.strictObject({ enum: z.array(z.string().min(1).max(64)).min(1).max(200) }),
        z.strictObject({ number: z.literal(true) }),
        z.strictObject({ entity: z.string().min(1).max(100) }),
      ])
      .optional(),
    pin: z.enum(["on-apply"]).optional(),
    region: regionSchema.optional(),
    returns: referenceSchema("dataset").optional(),
    /** JSON Schema of the arguments. */
    input: z.record(z.string().max(200), z.unknown()).optional(),
  }),
  refs: (spec) => [...referencesIn(spec.server, "server"), ...referencesIn(spec.returns, "returns")],
  cosmetic: ["title", "description", "owner"],
});

export const mcpServer = defineEntity({
  kind: "McpServer",
  plural: "mcp-servers",
  reference: "mcp-server",
  spec: z
    .strictObject({
      title: lineSchema.optional(),
      owner: emailSchema.optional(),
      url: httpUrlSchema.optional(),
      command: z.string().min(1).max(500).optional(),
      args: z.array(z.string().max(2000)).max(100).optional(),
      env: z.record(z.string().regex(/^[A-Za-z_][A-Za-z0-9_]{0,99}$/, "Write the name of an environment variable."), z.string().max(4000)).optional(),
      vendor: referenceSchema("vendor").optional(),
      credential: referenceSchema("secret").optional(),
      region: regionSchema.optional(),
      pin: z.enum(["on-apply"]).optional(),
    })
    .refine((spec) => (spec.url === undefined) !== (spec.command === undefined), { message: "Give either `url` or `command`." }),
  refs: (spec) => [...referencesIn(spec.vendor, "vendor"), ...referencesIn(spec.credential, "credential")],
  cosmetic: ["title", "owner", "credential"],
});
