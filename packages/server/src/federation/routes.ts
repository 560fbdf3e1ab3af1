import type { FastifyReply, FastifyRequest } from "fastify";
import { isLoopbackName } from "@mandate/gateway";
import { AppError } from "@mandate/model";
import { sql } from "kysely";
import { z } from "zod";
import { refuseCooling } from "../cooling.ts";
import type { Contexts } from "../context/index.ts";
import { systemActor } from "../context/index.ts";
import type { Database, Tx } from "../database/index.ts";
import { actorOf, administrators, line, page, pathName, RateLimit, readCookie, sessionCookie } from "../http/index.ts";
import type { App } from "../http/index.ts";
import { sessionLifetimeMs, startSession } from "../identity/index.ts";
import { attemptLifetimeMs } from "./attempt.ts";
import type { Attempt, Attempts } from "./attempt.ts";
import { attemptEnded } from "./errors.ts";
import { identitiesOf, linkIdentity, unlinkIdentity, whoSignsIn } from "./identities.ts";
import type { OidcClient } from "./oidc.ts";
import { deleteProvider, listProviders, openProvider, putProvider } from "./providers.ts";

const issuer = z.string().max(2000).refine((text) => {
  const url = URL.parse(text);
  return url !== null && (url.protocol === "https:" || (url.protocol === "http:" && isLoopbackName(url.hostname))) && url.username === "" && url.search === "" && url.hash === "";
}, "is not an https address without query and fragment");
const provider = z.object({ name: z.string(), title: z.string(), issuer: z.string(), clientId: z.string(), trustEmail: z.boolean(), hasSecret: z.boolean(), changedAt: z.string(), redirectUri: z.string() });
const identity = z.object({ id: z.string(), issuer: z.string(), subject: z.string(), linkedBy: z.enum(["invitation", "account", "provisioning"]), linkedAt: z.string(), lastUsedAt: z.string().nullable() });
const params = z.object({ name: pathName });

export interface FederationRouteDeps {
  readonly db: Database;
  readonly org: string;
  readonly now: () => number;
  readonly contexts: Contexts;
  readonly masterKey: Uint8Array;
  readonly secureCookies: boolean;
  readonly oidc: OidcClient;
  readonly attempts: Attempts;
  readonly redirectUri: string;
  readonly consoleUrl: string;
}

export const callbackPath = "/api/v1/session/oidc/callback";

export function federationRoutes(app: App, deps: FederationRouteDeps): void {
  providerRoutes(app, deps);
  signInRoutes(app, deps);
  accountRoutes(app, deps);
}

function providerRoutes(app: App, { db, org, contexts, masterKey, redirectUri }: FederationRouteDeps): void {
  app.get(
    "/api/v1/session/providers",
    { config: { access: "public" }, schema: { operationId: "listSignInProviders", summary: "Ways to sign in that the sign-in page offers", response: { 200: z.object({ items: z.array(z.object({ name: z.string(), title: z.string() })) }) } } },
    async () => ({ items: (await db.read(org, (tx) => listProviders(tx, org))).map(({ name, title }) => ({ name, title })) }),
  );

  app.get("/api/v1/identity-providers", { config: { access: administrators }, schema: { operationId: "listIdentityProviders", response: { 200: page(provider) } } }, async () => ({
    items: (await db.read(org, (tx) => listProviders(tx, org))).map((one) => ({ ...one, redirectUri })),
    nextCursor: null,
  }));

  app.put(
    "/api/v1/identity-providers/:name",
    {
      config: { access: administrators },
      schema: {
        operationId: "putIdentityProvider",
        summary: "OpenID Connect provider that people sign in at",
        params: z.object({ name: z.string().regex(/^[a-z0-9](?:[a-z0-9-]{0,62}[a-z0-9])?$/) }),
        body: z.strictObject({ title: line, issuer, clientId: line, secret: z.string().min(1).max(4000).optional(), trustEmail: z.boolean().default(false) }),
        response: { 200: provider, 201: provider },
      },
    },
    async (request, reply) => {
      const { provider: saved, created } = await putProvider(contexts.quiet(actorOf(request)), masterKey, request.params.name, request.body);
      return reply.code(created ? 201 : 200).send({ ...saved, redirectUri });
    },
  );

  app.delete("/api/v1/identity-providers/:name", { config: { access: administrators }, schema: { operationId: "deleteIdentityProvider", params, response: { 204: z.null() } } }, async (request, reply) => {
    await deleteProvider(contexts.quiet(actorOf(request)), request.params.name);
    return reply.code(204).send(null);
  });
}

function signInRoutes(app: App, deps: FederationRouteDeps): void {
  const { db, org, now, contexts, masterKey, oidc, attempts, secureCookies, consoleUrl } = deps;
  const begun = new RateLimit(60);
  const cookieName = secureCookies ? "__Host-mandate_oidc" : "mandate_oidc";
  // Lax, because the way back is another site's redirect; it proves who began, and signs nobody in by itself.
  const cookie = (value: string, seconds: number): string => `${cookieName}=${value}; Path=/; HttpOnly; SameSite=Lax; Max-Age=${seconds}${secureCookies ? "; Secure" : ""}`;

  app.get(
    "/api/v1/session/oidc/:name/start",
    { config: { access: "public" }, schema: { operationId: "startOidcSignIn", summary: "Sends the browser to the provider; with link=1 to link an identity to the person who is signed in", params, querystring: z.object({ link: z.enum(["1"]).optional() }) } },
    async (request, reply) => {
      begun.take(request.ip, now());
      const { provider: chosen, secret } = await db.read(org, (tx) => openProvider(tx, org, request.params.name, masterKey));
      const link = request.query.link === undefined ? null : linkOf(request);
      const { url, ...expected } = await oidc.begin(chosen, secret);
      const attempt: Attempt = { provider: chosen.name, ...expected, link, endsMs: now() + attemptLifetimeMs };
      return reply.header("set-cookie", cookie(attempts.seal(attempt), attemptLifetimeMs / 1000)).header("cache-control", "no-store").redirect(url.href, 303);
    },
  );

  app.get(callbackPath, { config: { access: "public" }, schema: { operationId: "finishOidcSignIn", summary: "Where the provider sends the browser back" } }, async (request, reply) => {
    const attempt = attempts.open(readCookie(request.headers.cookie, cookieName), now());
    void reply.header("set-cookie", cookie("", 0)).header("cache-control", "no-store");
    if (attempt === undefined) throw attemptEnded();
    const { provider: chosen, secret } = await db.read(org, (tx) => openProvider(tx, org, attempt.provider, masterKey));
    // The address we gave the provider, with what it sent: a Host header doesn't decide what is compared.
    const claims = await oidc.finish(chosen, secret, new URL(request.url, consoleUrl), attempt);
    const ctx = contexts.quiet(systemActor("sign-in"));
    if (attempt.link !== null) {
      const { personId, sessionId } = attempt.link;
      await ctx.transact(async (tx, record) => {
        if (!(await sessionStands(tx, org, sessionId, now()))) throw attemptEnded();
        await linkIdentity(tx, ctx, record, claims, personId, "account");
        record({ type: "session", payload: { event: "identity.linked", session: sessionId, person: personId } });
      });
      return arrive(reply, "/account");
    }
    const opened = await ctx.transact(async (tx, record) => {
      const { personId, invitation } = await whoSignsIn(tx, ctx, record, claims, chosen.trustEmail);
      return startSession(tx, ctx, record, { personId, openedBy: "oidc", minted: false, invitation, passkeyId: null, coolingUntil: null, browser: String(request.headers["user-agent"] ?? "") });
    });
    void reply.header("set-cookie", sessionCookie(opened.secret, secureCookies, sessionLifetimeMs / 1000));
    return arrive(reply, opened.first ? "/account" : "/");
  });
}

/** Linking needs a session of one's own: whoever was given one by somebody else can't attach a way in to the person. */
function linkOf(request: FastifyRequest): Attempt["link"] {
  const actor = actorOf(request);
  const sessionId = request.authentication?.sessionId ?? null;
  if (actor.kind !== "person" || actor.proof === "minted" || sessionId === null) {
    throw new AppError({ code: "federation.own_session", status: 403, message: "An identity is linked from a session of your own.", remedies: [{ text: "Sign in as yourself first.", url: "/sign-in" }] });
  }
  refuseCooling(actor);
  // The session's cookie is Strict, so another site can't have begun this.
  return { personId: actor.id, sessionId };
}

/** The session that asked may have been ended while its person was away, because somebody else had it. */
async function sessionStands(tx: Tx, org: string, id: string, nowMs: number): Promise<boolean> {
  const { rows } = await sql<{ id: string }>`select id from sessions where org = ${org} and id = ${id} and ended_at is null and expires_at > ${new Date(nowMs)}`.execute(tx);
  return rows.length > 0;
}

/** A page that goes on by itself: a redirect out of the provider's site would leave the Strict session cookie behind. */
function arrive(reply: FastifyReply, path: string): FastifyReply {
  return reply
    .code(200)
    .type("text/html; charset=utf-8")
    .send(`<!doctype html><html lang="en"><meta charset="utf-8"><meta http-equiv="refresh" content="0;url=${path}"><title>Signed in</title><p><a href="${path}">Go on to Mandate</a></p></html>`);
}

function accountRoutes(app: App, { db, org, contexts }: FederationRouteDeps): void {
  app.get("/api/v1/account/identities", { config: { access: "signed-in" }, schema: { operationId: "listOwnIdentities", response: { 200: page(identity) } } }, async (request) => {
    const actor = actorOf(request);
    return { items: actor.kind === "person" ? [...(await db.read(org, (tx) => identitiesOf(tx, org, actor.id)))] : [], nextCursor: null };
  });

  app.delete("/api/v1/account/identities/:id", { config: { access: "signed-in" }, schema: { operationId: "unlinkOwnIdentity", params: z.object({ id: pathName }), response: { 204: z.null() } } }, async (request, reply) => {
    const actor = actorOf(request);
    const gone = await unlinkIdentity(contexts.quiet(actor), actor.id, request.params.id);
    if (!gone) throw new AppError({ code: "federation.identity_unknown", status: 404, message: "You have no such identity.", remedies: [{ text: "List them with GET /api/v1/account/identities." }] });
    return reply.code(204).send(null);
  });
}
