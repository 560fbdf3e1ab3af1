import type { IncomingHttpHeaders } from "node:http";
import { randomFillSync } from "node:crypto";
import fastify from "fastify";
import type { FastifyReply, FastifyRequest } from "fastify";
import { serializerCompiler, validatorCompiler } from "fastify-type-provider-zod";
import type { ZodTypeProvider } from "fastify-type-provider-zod";
import { hostName, isLoopbackName } from "@mandate/gateway";
import { AppError, newId } from "@mandate/model";
import type { ServerLog } from "../log.ts";
import { requireAccess, requireRoleSomewhere } from "./access.ts";
import type { App, Authentication } from "./fastify-types.ts";
import { hostAllowed } from "./host-guard.ts";
import type { IdempotencyStore } from "./idempotency.ts";
import { idempotencyHooks } from "./idempotency.ts";
import { filterLists } from "./list-filters.ts";
import { OpenApiDocument } from "./openapi.ts";
import { renderProblem } from "./problems.ts";
import type { RequestCounts } from "./metrics.ts";
import { requireServiceScope } from "./service-scopes.ts";
import { requireSoundText } from "./sound-text.ts";

export interface AppOptions {
  readonly authenticate: (request: FastifyRequest) => Promise<Authentication | null>;
  readonly allowedHosts: ReadonlySet<string>;
  readonly idempotency: IdempotencyStore;
  readonly counts: RequestCounts;
  readonly now: () => number;
  readonly log: ServerLog;
  /** Console pages, for what no route takes: false when the path is a program's. */
  readonly page: (request: FastifyRequest, reply: FastifyReply) => Promise<boolean>;
}

const everyAnswer = { "x-content-type-options": "nosniff", "referrer-policy": "no-referrer", "cross-origin-resource-policy": "same-origin", "cross-origin-opener-policy": "same-origin" };
const mutating = new Set(["POST", "PUT", "PATCH", "DELETE"]);

/** Console pages: everything from this origin, nothing inline, never framed. */
const pagePolicy =
  "default-src 'none'; script-src 'self'; style-src 'self'; font-src 'self'; img-src 'self' data:; connect-src 'self'; manifest-src 'self'; base-uri 'none'; form-action 'self'; frame-ancestors 'none'";
const dataPolicy = "default-src 'none'; frame-ancestors 'none'; sandbox";

/** The control listener without its routes: what every request passes through, in this order. */
export function buildApp(options: AppOptions): { readonly app: App; readonly document: OpenApiDocument } {
  const document = new OpenApiDocument();
  const app = fastify({
    logger: false,
    bodyLimit: 1024 * 1024,
    // A slow sender ends here, not when it likes.
    requestTimeout: 30_000,
    connectionTimeout: 60_000,
    keepAliveTimeout: 30_000,
    forceCloseConnections: true,
    return503OnClosing: true,
    routerOptions: { maxParamLength: 512, caseSensitive: true },
    requestIdHeader: false,
    // What the router itself can't read: no hook has run, so its headers are set here.
    frameworkErrors: (error, request, reply) => {
      for (const [name, value] of Object.entries(everyAnswer)) void reply.header(name, value);
      void reply.header("x-request-id", request.id).header("content-security-policy", dataPolicy).header("cache-control", "no-store");
      void sendProblem(error, request, reply, options.log);
    },
    genReqId: (request) => {
      const sent = request.headers["x-request-id"];
      return typeof sent === "string" && /^[\w.:-]{1,128}$/.test(sent) ? sent : newId("request", options.now(), randomFillSync);
    },
  }).withTypeProvider<ZodTypeProvider>();
  app.setValidatorCompiler(validatorCompiler);
  app.setSerializerCompiler(serializerCompiler);
  app.decorateRequest("authentication", null);

  app.addHook("onRoute", (route) => {
    if (route.config?.access === undefined) throw new Error(`route ${String(route.method)} ${route.url} declares no access`);
    document.add(route, filterLists(route));
  });

  app.addHook("onRequest", async (request, reply) => {
    void reply.header("x-request-id", request.id);
    const host = request.headers.host;
    if (!hostAllowed(host, options.allowedHosts)) {
      throw new AppError({
        code: "request.host",
        status: 421,
        message: "This server doesn't answer to that host name.",
        remedies: [{ text: "Ask for it as localhost, or set MANDATE_PUBLIC_URL to the name people use." }],
      });
    }
    if (await redirectToName(request, reply)) return reply;
    // Programs name a media type also where they send nothing: without a body there is nothing to misread.
    if (isJsonWithoutBody(request.raw.headers)) delete request.raw.headers["content-type"];
    request.authentication = await options.authenticate(request);
    const actor = request.authentication?.actor ?? null;
    const { access = "public", systemOf } = request.routeOptions.config;
    if (actor?.kind === "service") requireServiceScope(actor.scopes ?? [], request.method, request.routeOptions.url);
    else if (systemOf === undefined) requireAccess(access, actor, systemInPath(request));
    else requireRoleSomewhere(access, actor);
    requireSameSite(request);
    return undefined;
  });

  app.addHook("preValidation", async (request) => requireSoundText(request));

  app.addHook("preHandler", async (request) => {
    const { access = "public", systemOf } = request.routeOptions.config;
    const actor = request.authentication?.actor ?? null;
    if (systemOf === undefined || actor?.scopedRoles === undefined) return;
    requireAccess(access, actor, (await systemOf(request)) ?? undefined);
  });

  idempotencyHooks(app, options.idempotency, options.now);

  app.addHook("onSend", async (request, reply, payload) => {
    for (const [name, value] of Object.entries(everyAnswer)) void reply.header(name, value);
    // A 304 has no content type, and its headers replace those of the copy that the browser kept: a page must keep a page's policy.
    const page = reply.statusCode === 304 ? !isProgramPath(request.url) : String(reply.getHeader("content-type") ?? "").startsWith("text/html");
    void reply.header("content-security-policy", page ? pagePolicy : dataPolicy);
    if (!reply.hasHeader("cache-control")) void reply.header("cache-control", "no-store");
    return payload;
  });

  app.addHook("onResponse", async (request, reply) => {
    // The pattern, never the URL: a URL can hold what someone pasted into it.
    options.counts.add(request.method, request.routeOptions.url ?? "none", reply.statusCode, reply.elapsedTime);
  });

  app.setErrorHandler(async (error, request, reply) => sendProblem(error, request, reply, options.log));
  app.setNotFoundHandler(async (request, reply) => {
    if (await options.page(request, reply)) return reply;
    await sendProblem(notFound(request), request, reply, options.log);
    return reply;
  });
  return { app, document };
}

export async function sendProblem(error: unknown, request: FastifyRequest, reply: FastifyReply, log: ServerLog): Promise<FastifyReply> {
  const { problem, internal, retryAfterSeconds } = renderProblem(error, request.id);
  if (internal !== undefined) log.error("request failed", { requestId: request.id, route: request.routeOptions.url ?? "none", code: problem.code, internal });
  if (retryAfterSeconds !== undefined) void reply.header("retry-after", String(retryAfterSeconds));
  if (problem.status === 401) void reply.header("www-authenticate", "Bearer");
  return reply.code(problem.status).type("application/problem+json").send(JSON.stringify(problem));
}

function notFound(request: FastifyRequest): AppError {
  return new AppError({
    code: "request.no_route",
    status: 404,
    message: `There is nothing at this path for ${request.method}.`,
    remedies: [{ text: "See the list of paths.", url: "/api/v1/openapi.json" }],
  });
}

/** The system named in the path of `/api/v1/systems/:name` and what lies under it. */
function systemInPath(request: FastifyRequest): string | undefined {
  if (request.routeOptions.url?.startsWith("/api/v1/systems/:name") !== true) return undefined;
  const { params } = request;
  return typeof params === "object" && params !== null && "name" in params && typeof params.name === "string" ? params.name : undefined;
}

/** A page asked for on a loopback IP moves to `localhost`: passkeys need a name. The API does not move. */
async function redirectToName(request: FastifyRequest, reply: FastifyReply): Promise<boolean> {
  if (request.method !== "GET" || !String(request.headers.accept ?? "").includes("text/html") || isProgramPath(request.url)) return false;
  const name = hostName(request.headers.host);
  if (name === undefined || name === "localhost" || !isLoopbackName(name)) return false;
  const port = /:([0-9]{1,5})$/.exec(request.headers.host ?? "")?.[1];
  // Only path and query travel on, and a path that starts with two slashes would name another host.
  const target = request.url.replace(/^\/+/, "/");
  await reply.redirect(`http://localhost${port === undefined ? "" : `:${port}`}${target}`, 307);
  return true;
}

export function isProgramPath(url: string): boolean {
  return /^\/(?:api|access|oauth2|scim|\.well-known|healthz|readyz|metrics)(?:[/?]|$)/.test(url);
}

/**
 * Cross-site request forgery: a cookie travels by itself, so a mutation with one must also carry the session's token,
 * which another site can't read, and must not say that it comes from elsewhere.
 */
function requireSameSite(request: FastifyRequest): void {
  const csrf = request.authentication?.csrf ?? null;
  if (csrf === null || !mutating.has(request.method)) return;
  const site = request.headers["sec-fetch-site"];
  if (request.headers["x-mandate-csrf"] === csrf && (site === undefined || site === "same-origin" || site === "none")) return;
  throw new AppError({
    code: "identity.csrf",
    status: 403,
    message: "The request doesn't carry this session's proof, so it may come from another site. Nothing was changed.",
    remedies: [{ text: "Reload the page and try again. A program sends x-mandate-csrf from GET /api/v1/session, or uses a token." }],
  });
}

function isJsonWithoutBody(headers: IncomingHttpHeaders): boolean {
  const { "content-length": length = "0", "transfer-encoding": encoding, "content-type": type = "" } = headers;
  return length === "0" && encoding === undefined && /^application\/json\s*(;|$)/i.test(type);
}
