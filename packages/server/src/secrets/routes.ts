import { z } from "zod";
import type { Contexts } from "../context/index.ts";
import type { Database } from "../database/index.ts";
import { actorOf, fromCursor, page, pageQuery, toPage } from "../http/index.ts";
import type { App } from "../http/index.ts";
import { deleteSecret, listSecrets, putSecret } from "./secrets.ts";

const summary = z.object({ name: z.string(), hosts: z.array(z.string()).readonly(), version: z.number(), changedAt: z.string() });
const host = z.string().max(262).regex(/^(?:\[[0-9a-fA-F:.]+\]|[A-Za-z0-9](?:[A-Za-z0-9.-]{0,252}[A-Za-z0-9])?)(?::[0-9]{1,5})?$/, "is not host or host:port");
const params = z.object({ name: z.string().regex(/^[A-Za-z0-9][A-Za-z0-9._-]{0,127}$/, "is not a secret's name") });
/** Header-safe: a value with a line break could forge a second header upstream. */
const value = z.string().min(1).max(16_384).regex(/^[\x20-\x7e]+$/, "has characters that no header carries");
const keepers = ["administrator", "technical-owner", "developer"] as const;

export function secretRoutes(app: App, deps: { readonly db: Database; readonly org: string; readonly contexts: Contexts; readonly masterKey: Uint8Array }): void {
  const { db, org, contexts, masterKey } = deps;

  app.get("/api/v1/secrets", { config: { access: "signed-in" }, schema: { operationId: "listSecrets", querystring: z.object(pageQuery), response: { 200: page(summary) } } }, async ({ query }) => {
    const rows = await db.read(org, (tx) => listSecrets(tx, org, { cursor: fromCursor(query.cursor), limit: query.limit + 1 }));
    return toPage(rows, query.limit, (row) => row, (row) => row.name);
  });

  app.put(
    "/api/v1/secrets/:name",
    {
      config: { access: keepers, secretAnswer: true },
      schema: { operationId: "putSecret", summary: "Seal an upstream secret for its hosts; it is never readable again", params, body: z.strictObject({ value, hosts: z.array(host).min(1).max(50) }), response: { 200: summary } },
    },
    (request) => putSecret(contexts.for(actorOf(request)), masterKey, request.params.name, request.body.value, request.body.hosts),
  );

  app.delete("/api/v1/secrets/:name", { config: { access: keepers }, schema: { operationId: "deleteSecret", params, response: { 204: z.null() } } }, async (request, reply) => {
    await deleteSecret(contexts.for(actorOf(request)), request.params.name);
    return reply.code(204).send(null);
  });
}
