import { z } from "zod";
import { tiers } from "@mandate/model";
import { actorOf, editors } from "../http/index.ts";
import type { App } from "../http/index.ts";
import { applyManifest } from "../registry/index.ts";
import type { Change } from "../registry/index.ts";
import { shownWidening, showWidening } from "../proofs/index.ts";
import { shownReason, tierFlag, tierReason } from "../tiering/index.ts";
import { invitingMembers } from "./deps.ts";
import type { RegisterRouteDeps } from "./deps.ts";

export const change = z.object({
  kind: z.string(),
  name: z.string(),
  action: z.enum(["create", "change", "unchanged", "remove"]),
  needsApproval: z.boolean(),
  voids: z.array(z.string()).readonly(),
  tier: z
    .object({ is: z.enum(tiers), was: z.enum(tiers).nullable(), reasons: z.array(tierReason).readonly(), flags: z.array(tierFlag).readonly(), unanswered: z.array(z.string()).readonly() })
    .optional(),
  similar: z.array(z.object({ name: z.string(), because: z.array(z.string()).readonly() })).readonly().optional(),
  reassessment: z
    .object({ class: z.enum(["A", "B", "C"]), changes: z.array(z.object({ class: z.enum(["A", "B", "C"]), subject: z.string(), what: z.string() })).readonly(), denied: z.array(z.string()).readonly(), runs: z.array(z.string()).readonly(), refusedCalls: z.number() })
    .optional(),
});

export function shownChange({ tier, ...rest }: Change): z.infer<typeof change> {
  return tier === undefined ? rest : { ...rest, tier: { ...tier, reasons: tier.reasons.map(shownReason) } };
}

const maxManifestBytes = 8 * 1024 * 1024;

export async function applyRoute(app: App, { contexts, ports }: RegisterRouteDeps): Promise<void> {
  await app.register(async (scope) => {
    // YAML is text here: its parser is the register's, which knows lines and fields. JSON is YAML, and passes the same way.
    scope.removeAllContentTypeParsers();
    scope.addContentTypeParser(["application/yaml", "application/x-yaml", "text/yaml", "text/x-yaml", "text/plain", "application/json"], { parseAs: "string", bodyLimit: maxManifestBytes }, (_request, body, done) => done(null, body));
    scope.route({
      method: "POST",
      url: "/api/v1/apply",
      bodyLimit: maxManifestBytes,
      config: { access: editors },
      schema: {
        operationId: "apply",
        summary: "Apply a manifest of many documents: all of it or nothing",
        querystring: z.object({ dryRun: z.enum(["true", "false"]).default("false"), reason: z.string().max(1000).optional(), commit: z.string().max(100).optional(), file: z.string().max(300).optional() }),
        body: z.string(),
        response: { 200: z.object({ changes: z.array(change).readonly(), widening: shownWidening.nullable().describe("does it let through what was not let through before; null where no policy in force is changed") }) },
      },
      handler: async (request) => {
        const query = request.query as { dryRun: string; reason?: string; commit?: string; file?: string };
        const { changes, widening } = await applyManifest(invitingMembers(contexts.for(actorOf(request))), ports, request.body as string, { dryRun: query.dryRun === "true", reason: query.reason, commit: query.commit, file: query.file });
        return { changes: changes.map(shownChange), widening: widening && showWidening(widening) };
      },
    });
  });
}
