import { actions, credentialKinds } from "@mandate/model";
import { z } from "zod";
import type { Contexts } from "../context/index.ts";
import type { Database } from "../database/index.ts";
import { actorOf, editors, email, fromCursor, line, page, pageQuery, pathName, reasonBody, stoppers, toPage } from "../http/index.ts";
import type { App } from "../http/index.ts";
import { changeCredential, findCredential, issueCredential, listCredentials, rotateCredential } from "./credentials.ts";
import type { CredentialVerb, LookUpSystem } from "./credentials.ts";
import { registerMachine, rotateClient } from "./machines.ts";
import { keyAddress, publicJwk, trustSchema } from "./trust.ts";

const credential = z.object({
  id: z.string(),
  name: z.string(),
  system: z.string(),
  kind: z.enum(credentialKinds),
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
  thumbprints: z.array(z.string()).readonly(),
  trust: z.object({ issuer: z.string(), audience: z.string(), conditions: z.record(z.string(), z.string()).readonly() }).nullable(),
  bound: z.boolean(),
  actors: z.array(z.string()).readonly(),
});
/** `key` for a gateway key; for the other kinds what their machine needs to ask for tokens. */
const issued = z.object({
  id: z.string(),
  key: z.string().optional(),
  notAfter: z.string(),
  overlapEnds: z.string().optional(),
  thumbprint: z.string().nullable().optional(),
  bound: z.boolean().optional(),
  tokenEndpoint: z.string().optional(),
  issuer: z.string().optional(),
});
const common = { system: pathName, name: line, ttl: z.string().max(10), purposes: z.array(z.string().max(128)).max(50).default([]) };
const machine = { ...common, scope: z.array(z.enum(actions)).max(actions.length).default([]), actors: z.array(z.string().max(64)).max(20).default([]), accountable: email.optional(), dpop: z.boolean().optional() };
const issueBody = z.discriminatedUnion("kind", [
  z.strictObject({ ...common, kind: z.literal("gateway-key").optional() }),
  z.strictObject({ ...machine, kind: z.literal("client"), jwk: publicJwk.optional(), jwksUri: keyAddress.optional() }).refine((body) => (body.jwk === undefined) !== (body.jwksUri === undefined), "takes a jwk or a jwksUri, one of them"),
  z.strictObject({ ...machine, kind: z.literal("workload"), trust: trustSchema }),
]);
const params = z.object({ id: pathName });

export interface CredentialRouteDeps {
  readonly db: Database;
  readonly org: string;
  readonly now: () => number;
  readonly contexts: Contexts;
  readonly lookUp: LookUpSystem;
  /** Of access tokens: the control plane's own address. */
  readonly issuer: string;
}

export function credentialRoutes(app: App, deps: CredentialRouteDeps): void {
  const { db, org, now, contexts } = deps;
  const systemOf = async ({ params: of }: { readonly params: unknown }): Promise<string> => (await db.read(org, (tx) => findCredential(tx, org, now(), (of as z.infer<typeof params>).id))).system;

  app.get(
    "/api/v1/credentials",
    { config: { access: "signed-in" }, schema: { operationId: "listCredentials", querystring: z.object({ ...pageQuery, system: z.string().max(128).optional(), state: z.string().max(20).optional(), keyHash: z.string().regex(/^[0-9a-f]{64}$/, "is the lower-case hex SHA-256 of the key, never the key").optional(), kind: z.enum(credentialKinds).optional() }), response: { 200: page(credential) } } },
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
      config: { access: editors, systemOf: ({ body }) => (body as z.infer<typeof issueBody>).system, secretAnswer: true },
      schema: {
        operationId: "issueCredential",
        summary: "Issue a gateway key (shown once), or register a client's public key or a workload's trust",
        body: issueBody,
        response: { 201: issued },
      },
    },
    async (request, reply) => {
      const { body } = request;
      const ctx = contexts.for(actorOf(request));
      if (!("scope" in body)) return reply.code(201).send(await issueCredential(ctx, body, deps.lookUp));
      const proof = "trust" in body ? { kind: body.kind, trust: body.trust } : { kind: body.kind, jwk: body.jwk ?? null, jwksUri: body.jwksUri ?? null };
      const registered = await registerMachine(ctx, { ...body, accountable: body.accountable ?? null, dpop: body.dpop ?? null, proof }, deps.lookUp);
      return reply.code(201).send({ ...registered, tokenEndpoint: `${deps.issuer}/oauth2/token`, issuer: deps.issuer });
    },
  );

  for (const verb of ["revoke", "suspend", "resume"] as const satisfies readonly CredentialVerb[]) {
    app.post(
      `/api/v1/credentials/:id/${verb}`,
      { config: { access: verb === "resume" ? stoppers : [...new Set([...stoppers, ...editors])], systemOf }, schema: { operationId: `${verb}Credential`, params, body: reasonBody, response: { 200: credential } } },
      (request) => changeCredential(contexts.for(actorOf(request)), request.params.id, verb, request.body.reason),
    );
  }

  app.post(
    "/api/v1/credentials/:id/rotate",
    { config: { access: editors, systemOf, secretAnswer: true }, schema: { operationId: "rotateCredential", params, body: reasonBody.extend({ jwk: publicJwk.optional() }), response: { 200: issued } } },
    async (request) => {
      const { jwk, reason } = request.body;
      const ctx = contexts.for(actorOf(request));
      return jwk === undefined ? rotateCredential(ctx, request.params.id, reason, deps.lookUp) : rotateClient(ctx, request.params.id, jwk, reason, deps.lookUp);
    },
  );
}
