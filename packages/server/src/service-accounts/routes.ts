import { z } from "zod";
import type { Contexts } from "../context/index.ts";
import type { Database } from "../database/index.ts";
import { actorOf, administrators, email, instant, serviceScopeNames } from "../http/index.ts";
import type { App } from "../http/index.ts";
import { createServiceAccount, createServiceToken, endServiceAccount, listServiceAccounts } from "./accounts.ts";

const name = z.string().regex(/^[a-z0-9](?:[a-z0-9-]{0,61}[a-z0-9])?$/, "is lower-case letters, digits and hyphens");
const params = z.object({ name });
const account = z.object({
  id: z.string(),
  name: z.string(),
  owner: z.string(),
  scopes: z.array(z.string()).readonly(),
  tokenDays: z.number(),
  createdAt: z.string(),
  tokens: z.array(z.object({ id: z.string(), hint: z.string(), notAfter: z.string(), lastUsedAt: z.string().nullable() })).readonly(),
});

export function serviceAccountRoutes(app: App, { db, org, now, contexts }: { readonly db: Database; readonly org: string; readonly now: () => number; readonly contexts: Contexts }): void {
  const list = () => db.read(org, (tx) => listServiceAccounts(tx, org, now()));

  app.get("/api/v1/service-accounts", { config: { access: "signed-in" }, schema: { operationId: "listServiceAccounts", response: { 200: z.object({ items: z.array(account).readonly(), nextCursor: z.null() }) } } }, async () => ({ items: await list(), nextCursor: null }));

  app.post(
    "/api/v1/service-accounts",
    {
      config: { access: administrators },
      schema: {
        operationId: "createServiceAccount",
        summary: "A name for automation to act under; a person answers for it, and it approves nothing",
        body: z.strictObject({ name, owner: email, scopes: z.array(z.enum(serviceScopeNames)).min(1).max(20), tokenDays: z.number().int().min(1).max(90).default(30) }),
        response: { 201: account },
      },
    },
    async (request, reply) => {
      await createServiceAccount(contexts.quiet(actorOf(request)), request.body);
      return reply.code(201).send((await list()).find((one) => one.name === request.body.name)!);
    },
  );

  app.post(
    "/api/v1/service-accounts/:name/tokens",
    { config: { access: administrators, secretAnswer: true }, schema: { operationId: "createServiceToken", summary: "A token of the account; shown once", params, body: z.strictObject({ notAfter: instant.nullable().default(null) }), response: { 201: z.object({ id: z.string(), token: z.string(), notAfter: z.string() }) } } },
    async (request, reply) => reply.code(201).send(await createServiceToken(contexts.quiet(actorOf(request)), request.params.name, request.body.notAfter === null ? null : new Date(request.body.notAfter))),
  );

  app.delete("/api/v1/service-accounts/:name", { config: { access: administrators }, schema: { operationId: "endServiceAccount", params, response: { 204: z.null() } } }, async (request, reply) => {
    await endServiceAccount(contexts.quiet(actorOf(request)), request.params.name);
    return reply.code(204).send(null);
  });
}
