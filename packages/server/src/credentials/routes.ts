import { z } from "zod";
import type { Contexts } from "../context/index.ts";
import type { Database } from "../database/index.ts";
import { actorOf, editors, fromCursor, line, page, pageQuery, pathName, reasonBody, stoppers, toPage } from "../http/index.ts";
import type { App } from "../http/index.ts";
import { changeCredential, findCredential, issueCredential, listCredentials, rotateCredential } from "./credentials.ts";
import type { CredentialVerb, LookUpSystem } from "./credentials.ts";

const credential = z.object({
  id: z.string(),
  name: z.string(),
  system: z.string(),
  kind: z.literal("gateway-key"),
  state: z.enum(["active", "suspended", "revoked", "expired"]),
  hint: z.string(),
  accountable: z.string(),
  purposes: z.array(z.string()).readonly(),
  scope: z.array(z.string()).readonly(),
  createdAt: z.string(),
  notAfter: z.string(),
  lastUsed: z.string().nullable(),
  rotatedFrom: z.string().nullable(),
  replacedBy: z.string().nullable(),
  reason: z.string().nullable(),
});
const issued = z.object({ id: z.string(), key: z.string(), notAfter: z.string(), overlapEnds: z.string().optional() });
const params = z.object({ id: pathName });

export interface CredentialRouteDeps {
  readonly db: Database;
  readonly org: string;
  readonly now: () => number;
  readonly contexts: Contexts;
  readonly lookUp: LookUpSystem;
}

export function credentialRoutes(app: App, deps: CredentialRouteDeps): void {
  const { db, org, now, contexts } = deps;

  app.get(
    "/api/v1/credentials",
    { config: { access: "signed-in" }, schema: { operationId: "listCredentials", querystring: z.object({ ...pageQuery, system: z.string().max(128).optional(), state: z.string().max(20).optional() }), response: { 200: page(credential) } } },
    async ({ query }) => {
      const rows = await db.read(org, (tx) => listCredentials(tx, org, now(), { ...query, cursor: fromCursor(query.cursor), limit: query.limit + 1 }));
      return toPage(rows, query.limit, (row) => row, (row) => row.id);
    },
  );

  app.get(
    "/api/v1/credentials/:id",
    { config: { access: "signed-in" }, schema: { operationId: "getCredential", params, response: { 200: credential } } },
    ({ params }) => db.read(org, (tx) => findCredential(tx, org, now(), params.id)),
  );

  app.post(
    "/api/v1/credentials",
    {
      config: { access: editors, secretAnswer: true },
      schema: {
        operationId: "issueCredential",
        summary: "Issue a gateway key; the key is shown once",
        body: z.strictObject({ system: pathName, name: line, ttl: z.string().max(10), purposes: z.array(z.string().max(128)).max(50).default([]) }),
        response: { 201: issued },
      },
    },
    async (request, reply) => reply.code(201).send(await issueCredential(contexts.for(actorOf(request)), request.body, deps.lookUp)),
  );

  for (const verb of ["revoke", "suspend", "resume"] as const satisfies readonly CredentialVerb[]) {
    app.post(
      `/api/v1/credentials/:id/${verb}`,
      { config: { access: verb === "resume" ? stoppers : [...new Set([...stoppers, ...editors])] }, schema: { operationId: `${verb}Credential`, params, body: reasonBody, response: { 200: credential } } },
      (request) => changeCredential(contexts.for(actorOf(request)), request.params.id, verb, request.body.reason),
    );
  }

  app.post(
    "/api/v1/credentials/:id/rotate",
    { config: { access: editors, secretAnswer: true }, schema: { operationId: "rotateCredential", params, body: reasonBody, response: { 200: issued } } },
    (request) => rotateCredential(contexts.for(actorOf(request)), request.params.id, request.body.reason, deps.lookUp),
  );
}
