import { z } from "zod";
import { answerBody } from "../approvals/index.ts";
import { denyAuthorization, getAuthorization, grantAuthorization, listAuthorizations, requestChanges, revokeAuthorization, submitAuthorization } from "../authorization/index.ts";
import type { AuthorizationView } from "../authorization/index.ts";
import { systemActor } from "../context/index.ts";
import { actorOf, editors, fromCursor, page, pageQuery, pathName } from "../http/index.ts";
import type { App } from "../http/index.ts";
import type { RegisterRouteDeps } from "./deps.ts";

export const authorization = z.object({
  id: z.string(),
  system: z.string(),
  number: z.number(),
  type: z.string(),
  state: z.string(),
  tier: z.string(),
  versionDigest: z.string(),
  terms: z.unknown(),
  conditions: z.array(z.unknown()).readonly(),
  starts: z.string().nullable(),
  ends: z.string().nullable(),
  extensions: z.number(),
  requester: z.string().nullable(),
  approvers: z.array(z.object({ name: z.string(), email: z.string(), role: z.string(), at: z.string(), reason: z.string().nullable() })),
  needs: z.array(z.string()).readonly(),
  approval: z.string().nullable(),
  createdAt: z.string(),
});

export function shownAuthorization(view: AuthorizationView): z.infer<typeof authorization> {
  return {
    ...view,
    approvers: view.approvers.map((one) => ({ name: one.email ?? one.person, email: one.email ?? "", role: one.role, at: one.at, reason: one.reason ?? null })),
  };
}

const params = z.object({ id: pathName });
const asked = z.strictObject({ reason: z.string().trim().min(1).max(1000), conditions: z.array(z.unknown()).max(0).optional() });
const own = { submit: submitAuthorization, revoke: revokeAuthorization } as const;
/** These answer the question about it: the other door is `/approvals/{id}/approve|refuse`. */
const answers = { grant: grantAuthorization, deny: denyAuthorization, "request-changes": requestChanges } as const;

export function authorizationRoutes(app: App, { contexts, decisions }: RegisterRouteDeps): void {
  const reading = contexts.quiet(systemActor("reader"));
  const systemOf = async ({ params: of }: { readonly params: unknown }): Promise<string> => (await getAuthorization(reading, (of as z.infer<typeof params>).id)).system;

  app.get(
    "/api/v1/authorizations",
    { config: { access: "signed-in" }, schema: { operationId: "listAuthorizations", querystring: z.object({ ...pageQuery, system: z.string().max(128).optional(), state: z.string().max(40).optional(), type: z.string().max(20).optional() }), response: { 200: page(authorization) } } },
    async ({ query }) => {
      const { cursor, limit, ...filters } = query;
      const { items, nextCursor } = await listAuthorizations(reading, { cursor: fromCursor(cursor), limit, filters });
      return { items: items.map(shownAuthorization), nextCursor: nextCursor === null ? null : Buffer.from(nextCursor).toString("base64url") };
    },
  );

  app.get("/api/v1/authorizations/:id", { config: { access: "signed-in" }, schema: { operationId: "getAuthorization", params, response: { 200: authorization } } }, async ({ params }) => shownAuthorization(await getAuthorization(reading, params.id)));

  for (const [verb, command] of Object.entries(own)) {
    app.post(`/api/v1/authorizations/:id/${verb}`, { config: { access: editors, systemOf }, schema: { operationId: `${verb}Authorization`, params, body: asked, response: { 200: authorization } } }, async (request) =>
      shownAuthorization(await command(contexts.for(actorOf(request)), request.params.id, { reason: request.body.reason })),
    );
  }

  for (const [verb, command] of Object.entries(answers)) {
    app.post(`/api/v1/authorizations/:id/${verb}`, { config: { access: "signed-in" }, schema: { operationId: `${verb.replace("-c", "C")}Authorization`, params, body: answerBody, response: { 200: authorization } } }, async (request) =>
      shownAuthorization(await command(contexts.for(actorOf(request)), request.params.id, request.body, decisions)),
    );
  }
}
