import { z } from "zod";
import type { Contexts } from "../context/index.ts";
import { systemActor } from "../context/index.ts";
import type { Database } from "../database/index.ts";
import { actorOf, administrators, email, fromCursor, instant, line, page, pageQuery, RateLimit, roleSchema, sessionCookie, toPage } from "../http/index.ts";
import type { App } from "../http/index.ts";
import { deactivatePerson } from "./deprovision.ts";
import type { Departures } from "./deprovision.ts";
import { findPerson, listPeople, personById, personNotFound, putPerson } from "./people.ts";
import type { AskForRoles, Person } from "./people.ts";
import type { PasskeySupport } from "../passkeys/index.ts";
import { endSessions, sessionLifetimeMs } from "./sessions.ts";
import { createSignInLink, createToken, openSession } from "./sign-in.ts";
import { browserOf, requireNotCrossSite } from "./sign-in-routes.ts";

const person = z.object({
  id: z.string(),
  email: z.string(),
  name: z.string(),
  state: z.enum(["invited", "active", "deactivated"]),
  roles: z.array(roleSchema).readonly(),
  pendingRoles: z.array(roleSchema).readonly(),
  /** For one unit or system alone. */
  scopedRoles: z.array(z.object({ role: roleSchema, scope: z.string(), waiting: z.boolean() })).readonly(),
  createdAt: z.string(),
  lastSignIn: z.string().nullable(),
  passkeys: z.number(),
  password: z.boolean(),
});
const params = z.object({ email });

export interface IdentityRouteDeps {
  readonly db: Database;
  readonly org: string;
  readonly organizationName: string;
  readonly now: () => number;
  readonly contexts: Contexts;
  readonly askForRoles: AskForRoles;
  /** Base of links, for example `http://localhost:4600`. */
  readonly consoleUrl: string;
  /** Where callers send their calls, for the lines a page shows them. */
  readonly gatewayUrl: string;
  readonly secureCookies: boolean;
  readonly sample: boolean;
  readonly passkeys: PasskeySupport;
  readonly departures: Departures;
  /** Whether links lead to this server from another device, or why not. */
  readonly phoneLinks: { readonly on: boolean; readonly why: string | null };
}

export function identityRoutes(app: App, deps: IdentityRouteDeps): void {
  peopleRoutes(app, deps);
  sessionRoutes(app, deps);
}

function peopleRoutes(app: App, { db, org, contexts, askForRoles, consoleUrl, departures }: IdentityRouteDeps): void {
  const view = (one: Person) => one;

  app.get(
    "/api/v1/people",
    { config: { access: "signed-in" }, schema: { operationId: "listPeople", querystring: z.object({ ...pageQuery, role: roleSchema.optional(), state: z.string().max(20).optional() }), response: { 200: page(person) } } },
    async ({ query }) => {
      const rows = await db.read(org, (tx) => listPeople(tx, org, { ...query, cursor: fromCursor(query.cursor), limit: query.limit + 1 }));
      return toPage(rows, query.limit, view, (row) => row.email);
    },
  );

  app.get("/api/v1/people/:email", { config: { access: "signed-in" }, schema: { operationId: "getPerson", params, response: { 200: person } } }, async ({ params }) => {
    const found = await db.read(org, (tx) => findPerson(tx, org, params.email));
    if (found === undefined) throw personNotFound(params.email);
    return found;
  });

  app.post(
    "/api/v1/people",
    {
      config: { access: administrators },
      schema: { operationId: "putPerson", summary: "Invite a person, or set name and roles of one", body: z.strictObject({ email, name: line.optional(), roles: z.array(roleSchema).max(9).default([]), scopedRoles: z.array(z.strictObject({ role: roleSchema.exclude(["administrator"]), scope: z.string().regex(/^(?:unit|system):[A-Za-z0-9][A-Za-z0-9._-]{0,199}$/, "is unit:NAME or system:NAME") })).max(100).optional() }), response: { 200: person, 201: person } },
    },
    async (request, reply) => {
      const { body } = request;
      const input = { email: body.email, name: body.name ?? body.email, roles: [...new Set(body.roles)], scopedRoles: body.scopedRoles };
      const { person: saved, created } = await putPerson(contexts.quiet(actorOf(request)), input, askForRoles);
      return reply.code(created ? 201 : 200).send(saved);
    },
  );

  app.delete("/api/v1/people/:email", { config: { access: administrators }, schema: { operationId: "deactivatePerson", params, response: { 204: z.null() } } }, async (request, reply) => {
    await deactivatePerson(contexts.for(actorOf(request)), request.params.email, departures);
    return reply.code(204).send(null);
  });

  app.post(
    "/api/v1/people/:email/tokens",
    {
      config: { access: "signed-in", secretAnswer: true },
      schema: { operationId: "createToken", summary: "A token that acts as the person; shown once", params, body: z.strictObject({ notAfter: instant }), response: { 201: z.object({ id: z.string(), token: z.string(), notAfter: z.string() }) } },
    },
    async (request, reply) => reply.code(201).send(await createToken(contexts.quiet(actorOf(request)), request.params.email, new Date(request.body.notAfter))),
  );

  app.post(
    "/api/v1/people/:email/sign-in-links",
    {
      config: { access: "signed-in", secretAnswer: true },
      schema: { operationId: "createSignInLink", summary: "A link that signs the person in, once", params, body: z.strictObject({}).nullish(), response: { 201: z.object({ url: z.string(), expiresAt: z.string() }) } },
    },
    async (request, reply) => {
      const { secret, expiresAt } = await createSignInLink(contexts.quiet(actorOf(request)), request.params.email);
      return reply.code(201).send({ url: signInUrl(consoleUrl, secret), expiresAt });
    },
  );
}

/** The secret stands in the fragment: browsers don't send it, so it reaches no log, and no link preview can spend it. */
export function signInUrl(consoleUrl: string, secret: string): string {
  return `${consoleUrl}/sign-in#link=${secret}`;
}

function sessionRoutes(app: App, deps: IdentityRouteDeps): void {
  const { db, org, now, contexts, secureCookies } = deps;
  const attempts = new RateLimit(30);

  app.get(
    "/api/v1/session",
    {
      config: { access: "signed-in" },
      schema: {
        operationId: "getSession",
        response: {
          200: z.object({
            person: z.object({ email: z.string().nullable(), name: z.string(), roles: z.array(roleSchema).readonly() }),
            organization: z.string(),
            gatewayUrl: z.string(),
            passkeys: z.boolean(),
            passkeysOff: z.string().nullable(),
            phoneLinks: z.object({ on: z.boolean(), why: z.string().nullable() }),
            sample: z.boolean(),
            csrf: z.string().optional(),
            proof: z.string(),
            expiresAt: z.string().nullable(),
          }),
        },
      },
    },
    async (request) => {
      const { csrf = null, expiresAt = null } = request.authentication ?? {};
      const actor = actorOf(request);
      const found = actor.kind === "person" ? await db.read(org, (tx) => personById(tx, org, actor.id)) : undefined;
      return {
        person: { email: actor.email, name: found?.name ?? "Bootstrap service account", roles: actor.roles },
        organization: deps.organizationName,
        gatewayUrl: deps.gatewayUrl,
        passkeys: deps.passkeys.relyingParty !== null,
        passkeysOff: deps.passkeys.off,
        phoneLinks: deps.phoneLinks,
        sample: deps.sample,
        ...(csrf === null ? {} : { csrf }),
        proof: actor.proof,
        expiresAt: expiresAt === null ? null : new Date(expiresAt).toISOString(),
      };
    },
  );

  app.get(
    "/api/v1/session/state",
    { config: { access: "public" }, schema: { operationId: "getSessionState", summary: "Whether this request carries a session, without a refusal when it doesn't", response: { 200: z.object({ signedIn: z.boolean() }) } } },
    async (request) => ({ signedIn: request.authentication !== null }),
  );

  app.post(
    "/api/v1/session/sign-in",
    { config: { access: "public", secretAnswer: true }, schema: { operationId: "signIn", body: z.strictObject({ link: z.string().max(2000) }), response: { 200: z.object({ email: z.string(), first: z.boolean() }) } } },
    async (request, reply) => {
      attempts.take(request.ip, now());
      requireNotCrossSite(request.headers["sec-fetch-site"]);
      const opened = await openSession(contexts.quiet(systemActor("sign-in")), linkSecret(request.body.link), browserOf(request.headers));
      void reply.header("set-cookie", sessionCookie(opened.secret, secureCookies, sessionLifetimeMs / 1000));
      return { email: opened.email, first: opened.first };
    },
  );

  app.post("/api/v1/session/sign-out", { config: { access: "signed-in" }, schema: { operationId: "signOut", response: { 204: z.null() } } }, async (request, reply) => {
    const sessionId = request.authentication?.sessionId ?? null;
    const actor = actorOf(request);
    if (sessionId !== null) await endSessions(contexts.quiet(actor), actor.id, { only: sessionId });
    void reply.header("set-cookie", sessionCookie("", secureCookies, 0));
    return reply.code(204).send(null);
  });
}

/** Accepts the whole link or its secret part: people paste what they have. */
function linkSecret(text: string): string {
  return /(?:^|[#&])link=([A-Za-z0-9_]+)$/.exec(text)?.[1] ?? text;
}
