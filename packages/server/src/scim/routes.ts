import type { FastifyInstance, FastifyReply, FastifyRequest } from "fastify";
import { sql } from "kysely";
import SCIMMY from "scimmy";
import { AppError } from "@mandate/model";
import { z } from "zod";
import type { Departure } from "../command.ts";
import type { Contexts } from "../context/index.ts";
import { systemActor } from "../context/index.ts";
import type { Database, Tx } from "../database/index.ts";
import { actorOf, administrators, line, reasonBody } from "../http/index.ts";
import type { App } from "../http/index.ts";
import type { ServerLog } from "../log.ts";
import { notify } from "../notifications/index.ts";
import { deleteObject, putObject } from "../registry/index.ts";
import type { RegisterPorts } from "../registry/index.ts";
import { keepingFailures, scimError } from "./context.ts";
import type { ScimContext } from "./context.ts";
import { tolerant } from "./patch.ts";
import { degressGroup, egressGroup, ingressGroup, mirrored } from "./groups.ts";
import { notePause, ProvisioningPaused, putIdentityProvider, readProvisioning, resumeProvisioning } from "./pause.ts";
import { degressUser, egressUser, ingressUser } from "./users.ts";

export interface ScimDeps {
  readonly db: Database;
  readonly org: string;
  readonly contexts: Contexts;
  readonly ports: RegisterPorts;
  readonly departures: readonly Departure<Tx>[];
  readonly report: (finding: { readonly key: string; readonly system: null; readonly kind: string; readonly title: string; readonly detail: string; readonly owner: null }) => Promise<void>;
  readonly log: ServerLog;
}

const base = "/scim/v2";
const mediaType = "application/scim+json";

SCIMMY.Config.set({ documentationUri: undefined, patch: true, filter: { supported: true, maxResults: 200 }, changePassword: false, bulk: false, sort: true, etag: false, authenticationSchemes: [{ type: "oauthbearertoken", name: "Bearer token", description: "Token of a service account with the scope provisioning" }] });
SCIMMY.Resources.declare(SCIMMY.Resources.User, {});
SCIMMY.Resources.declare(SCIMMY.Resources.Group, {});
// What isn't kept isn't announced: the schema a directory reads is the one that holds.
SCIMMY.Schemas.User.definition.truncate(["profileUrl", "password", "ims", "photos", "addresses", "groups", "entitlements", "roles", "x509Certificates"] as never);
SCIMMY.Resources.User.basepath(base);
SCIMMY.Resources.Group.basepath(base);
SCIMMY.Resources.Schema.basepath(base);
SCIMMY.Resources.ResourceType.basepath(base);
SCIMMY.Resources.ServiceProviderConfig.basepath(base);
// The library's handlers stand once for the process; what they work on comes with each call.
SCIMMY.Resources.User.ingress(keepingFailures(ingressUser) as never).egress(keepingFailures(egressUser) as never).degress(keepingFailures(degressUser) as never);
SCIMMY.Resources.Group.ingress(keepingFailures(ingressGroup) as never).egress(keepingFailures(egressGroup) as never).degress(keepingFailures(degressGroup) as never);

const access = { config: { access: administrators } } as const;
const query = z.object({
  filter: z.string().max(1000).optional(),
  attributes: z.string().max(2000).optional(),
  excludedAttributes: z.string().max(2000).optional(),
  sortBy: z.string().max(200).optional(),
  sortOrder: z.enum(["ascending", "descending"]).optional(),
  startIndex: z.coerce.number().int().optional(),
  count: z.coerce.number().int().optional(),
});

const searchBody = z.looseObject({ attributes: z.array(z.string().max(200)).max(50).optional(), excludedAttributes: z.array(z.string().max(200)).max(50).optional() });

/** SCIM 2.0 (RFC 7643, 7644): a directory keeps people and groups. It gives nobody a role. */
export async function scimRoutes(app: App, deps: ScimDeps): Promise<void> {
  provisioningRoutes(app, deps);
  // A scope of its own: other content type, other shape of errors.
  await app.register(async (scim) => {
    scim.addContentTypeParser(mediaType, { parseAs: "string", bodyLimit: 1024 * 1024 }, (_request, body, done) => {
      try {
        done(null, JSON.parse(String(body)));
      } catch {
        done(new SCIMMY.Types.Error(400, "invalidSyntax", "The body is not JSON."), undefined);
      }
    });
    scim.setErrorHandler((error, request, reply) => sendError(error, request, reply, deps.log));
    resourceRoutes(scim, deps, "Users", SCIMMY.Resources.User as unknown as ResourceClass);
    resourceRoutes(scim, deps, "Groups", SCIMMY.Resources.Group as unknown as ResourceClass);
    for (const [path, Resource] of [["ServiceProviderConfig", SCIMMY.Resources.ServiceProviderConfig], ["ResourceTypes", SCIMMY.Resources.ResourceType], ["Schemas", SCIMMY.Resources.Schema]] as const) {
      scim.get(`${base}/${path}`, access, async (_request, reply) => send(reply, 200, await new Resource().read()));
      scim.route({ method: ["POST", "PUT", "PATCH", "DELETE"], url: `${base}/${path}`, ...access, handler: () => Promise.reject(scimError(405, null, "This is read, never written.")) });
      if (path !== "ServiceProviderConfig") scim.get<{ Params: { id: string } }>(`${base}/${path}/:id`, access, async (request, reply) => send(reply, 200, await new Resource(request.params.id).read()));
    }
    scim.all(`${base}/*`, access, () => Promise.reject(scimError(404, null, "There is nothing at this path.")));
  });
}

/** What the library's User and Group have in common, so that one set of routes serves both. */
interface ScimResource {
  read(ctx: ScimContext): Promise<unknown>;
  write(body: unknown, ctx: ScimContext): Promise<{ readonly meta: { readonly location: string } }>;
  patch(body: unknown, ctx: ScimContext): Promise<unknown>;
  dispose(ctx: ScimContext): Promise<void>;
}
/** Without an id the options come first. */
type ResourceClass = new (idOrOptions?: string | object, options?: object) => ScimResource;
type OneResource = { Params: { id: string } };

function resourceRoutes(scim: FastifyInstance, deps: ScimDeps, path: "Users" | "Groups", Resource: ResourceClass): void {
  const schema = `urn:ietf:params:scim:schemas:core:2.0:${path.slice(0, -1)}`;
  const listQuery = (request: FastifyRequest) => query.parse(request.query);
  const work = <T>(request: FastifyRequest, act: (ctx: ScimContext) => Promise<T>) => inTransaction(deps, request, act);

  scim.get(`${base}/${path}`, access, async (request, reply) => send(reply, 200, withSchemas(schema, await work(request, (ctx) => new Resource(listQuery(request)).read(ctx)))));
  scim.get<OneResource>(`${base}/${path}/:id`, access, async (request, reply) => send(reply, 200, withSchemas(schema, await work(request, (ctx) => new Resource(request.params.id, listQuery(request)).read(ctx)))));
  // RFC 7644 §3.4.3: the same question, kept out of addresses and their logs.
  scim.post(`${base}/${path}/.search`, access, async (request, reply) => {
    const { attributes, excludedAttributes, schemas: _schemas, ...rest } = searchBody.parse(request.body);
    const options = { ...rest, ...(attributes === undefined ? {} : { attributes: attributes.join(",") }), ...(excludedAttributes === undefined ? {} : { excludedAttributes: excludedAttributes.join(",") }) };
    return send(reply, 200, withSchemas(schema, await work(request, (ctx) => new Resource(query.parse(options)).read(ctx))));
  });
  scim.post(`${base}/${path}`, access, async (request, reply) => {
    const made = await work(request, (ctx) => new Resource().write(request.body, ctx));
    return send(reply.header("location", made.meta.location), 201, made);
  });
  scim.put<OneResource>(`${base}/${path}/:id`, access, async (request, reply) => send(reply, 200, await work(request, (ctx) => new Resource(request.params.id).write(request.body, ctx))));
  scim.patch<OneResource>(`${base}/${path}/:id`, access, async (request, reply) => {
    const patched = await work(request, (ctx) => new Resource(request.params.id).patch(tolerant(request.body), ctx));
    // RFC 7644 §3.5.2: nothing changed, nothing to say.
    return patched === undefined ? reply.code(204).send() : send(reply, 200, patched);
  });
  scim.delete<OneResource>(`${base}/${path}/:id`, access, async (request, reply) => {
    await work(request, (ctx) => new Resource(request.params.id).dispose(ctx));
    return reply.code(204).send();
  });
}

/** One request, one transaction; afterwards the register's groups read as the directory's. */
async function inTransaction<T>(deps: ScimDeps, request: FastifyRequest, act: (ctx: ScimContext) => Promise<T>): Promise<T> {
  const { contexts, departures } = deps;
  // A leaver may own systems and answer for keys: what ends with them is in force at the gateways when the answer comes.
  const ctx = request.method === "GET" ? contexts.quiet(actorOf(request)) : contexts.for(actorOf(request));
  let groupsChanged = new Set<string>();
  let result: T;
  try {
    result = await ctx.transact(async (tx, record) => {
      groupsChanged = new Set();
      const failures: unknown[] = [];
      return act({ tx, ctx, record, departures, groupsChanged, failures }).catch((error: unknown) => {
        throw failures[0] ?? error;
      });
    });
  } catch (signal) {
    if (signal instanceof ProvisioningPaused) await tellOfPause(deps, signal);
    throw signal;
  }
  for (const name of groupsChanged) await mirror(deps, request, name);
  return result;
}

async function mirror({ contexts, ports }: ScimDeps, request: FastifyRequest, name: string): Promise<void> {
  const ctx = contexts.for(actorOf(request));
  const group = await ctx.read((tx) => mirrored({ tx, ctx }, name));
  if (group === undefined) await deleteObject(ctx, ports, "Group", name, { reason: "removed by the directory" });
  else await putObject(ctx, ports, "Group", name, { metadata: { labels: { provisioned: "true" } }, spec: { title: group.title, members: group.members } }, { reason: "kept by the directory" });
}

async function tellOfPause({ contexts, report }: ScimDeps, signal: ProvisioningPaused): Promise<void> {
  const ctx = contexts.quiet(systemActor("provisioning"));
  if (!(await notePause(ctx, signal))) return;
  const title = "The directory wants to remove too many people";
  const detail = `${signal.removed} of ${signal.of} people left within a day, and more are to follow. Removals wait until an administrator says whether that is meant.`;
  await report({ key: "provisioning.paused", system: null, kind: "provisioning.paused", title, detail, owner: null });
  await ctx.transact(async (tx, record) => {
    const to = await administratorsOf(tx, ctx.org);
    await notify(tx, ctx, { kind: "finding.opened", thread: "provisioning.paused", system: null, to, subject: title, lines: [detail], path: "/settings" });
    record({ type: "notification", payload: { event: "provisioning.paused", to: to.length } });
  });
}

async function administratorsOf(tx: Tx, org: string): Promise<string[]> {
  const { rows } = await sql<{ email: string }>`select p.email from people p join person_roles r on r.org = p.org and r.person_id = p.id
    where p.org = ${org} and r.role = 'administrator' and r.granted_at is not null and p.state = 'active'`.execute(tx);
  return rows.map((row) => row.email);
}

function send(reply: FastifyReply, status: number, body: unknown): FastifyReply {
  return reply.code(status).type(mediaType).send(JSON.stringify(body));
}

/** `schemas` is returned always (RFC 7643 §3), also when only some attributes were asked for; the library leaves it out. */
function withSchemas(schema: string, answer: unknown): unknown {
  const body = JSON.parse(JSON.stringify(answer)) as Record<string, unknown>;
  const one = (resource: object): object => ({ schemas: [schema], ...resource });
  return Array.isArray(body["Resources"]) ? { ...body, Resources: (body["Resources"] as object[]).map(one) } : one(body);
}

/** RFC 7644 §3.12. Anything that isn't meant for the other side says nothing of the inside. */
function sendError(error: unknown, request: FastifyRequest, reply: FastifyReply, log: ServerLog): FastifyReply {
  const known = describe(error);
  if (known === undefined) log.error("request failed", { requestId: request.id, route: request.routeOptions.url ?? "none", internal: String(error) });
  const { status, type, message } = known ?? { status: 500, type: null, message: "Something failed here; nothing was changed." };
  if (status === 429) void reply.header("retry-after", "3600");
  if (status === 401) void reply.header("www-authenticate", "Bearer");
  return send(reply, status, { schemas: ["urn:ietf:params:scim:api:messages:2.0:Error"], status: String(status), ...(type === null ? {} : { scimType: type }), detail: message });
}

function describe(error: unknown): { status: number; type: string | null; message: string } | undefined {
  if (error instanceof ProvisioningPaused) return { status: 429, type: null, message: "Removals are paused: an administrator says whether so many people really left." };
  if (error instanceof SCIMMY.Types.Error) {
    const { status, scimType, message } = error as Error & { status: number; scimType?: string };
    return { status: Number(status), type: scimType ?? null, message };
  }
  if (error instanceof z.ZodError) return { status: 400, type: "invalidValue", message: "A query parameter is not what it should be." };
  if (error instanceof AppError) return { status: error.status, type: error.status === 409 ? "uniqueness" : null, message: error.message };
  const { statusCode, message } = error as { statusCode?: unknown; message?: unknown };
  if (typeof statusCode === "number" && statusCode >= 400 && statusCode < 500) return { status: statusCode, type: statusCode === 400 ? "invalidSyntax" : null, message: String(message) };
  return undefined;
}

const state = z.object({ identityProvider: z.string().nullable(), pausedAt: z.string().nullable(), allowedUntil: z.string().nullable(), baseUrl: z.string() });

function provisioningRoutes(app: App, { db, org, contexts }: ScimDeps): void {
  app.get("/api/v1/provisioning", { config: { access: administrators }, schema: { operationId: "getProvisioning", response: { 200: state } } }, async () => ({ ...(await db.read(org, (tx) => readProvisioning(tx, org))), baseUrl: base }));

  app.put(
    "/api/v1/provisioning",
    { config: { access: administrators }, schema: { operationId: "putProvisioning", summary: "Whose subjects the directory's external ids are", body: z.strictObject({ identityProvider: line.nullable() }), response: { 200: state } } },
    async (request) => ({ ...(await putIdentityProvider(contexts.quiet(actorOf(request)), request.body.identityProvider)), baseUrl: base }),
  );

  app.post("/api/v1/provisioning/resume", { config: { access: administrators }, schema: { operationId: "resumeProvisioning", summary: "Let the directory's removals through for a day", body: reasonBody, response: { 200: state } } }, async (request) => ({
    ...(await resumeProvisioning(contexts.quiet(actorOf(request)), request.body.reason)),
    baseUrl: base,
  }));
}
