import type { FastifyRequest } from "fastify";
import { AppError } from "@mandate/model";
import { z } from "zod";
import type { Contexts } from "../context/index.ts";
import type { Database } from "../database/index.ts";
import { actorOf, administrators, email, line, pathName, reasonBody } from "../http/index.ts";
import type { App } from "../http/index.ts";
import { assertionSchema, creationOptionsSchema, noteRefusedAssertion, passkeysOf, registrationSchema, requestOptionsSchema } from "../passkeys/index.ts";
import type { Challenges, Passkey, PasskeySupport } from "../passkeys/index.ts";
import type { Fallback } from "./fallback.ts";
import { addOptions, addPasskey, removePasskey, renamePasskey } from "./own-passkeys.ts";
import type { OwnSession } from "./own-passkeys.ts";
import { askForReset } from "./passkey-reset.ts";
import { findPerson, personById, personNotFound } from "./people.ts";
import { endSessions, listSessions } from "./sessions.ts";
import { passkeyDeps } from "./sign-in-routes.ts";

export interface AccountRouteDeps {
  readonly db: Database;
  readonly org: string;
  readonly now: () => number;
  readonly contexts: Contexts;
  readonly passkeys: PasskeySupport;
  readonly challenges: Challenges;
  readonly fallback: Fallback;
}

const passkey = z.object({
  id: z.string(),
  name: z.string(),
  createdAt: z.string(),
  lastUsedAt: z.string().nullable(),
  /** Until then it signs nothing at T2 or above. */
  coolingUntil: z.string().nullable(),
  synced: z.boolean(),
  blocked: z.boolean(),
  addedByWayOf: z.enum(["invitation", "sign-in", "passkey", "administrators"]),
});

const session = z.object({ id: z.string(), current: z.boolean(), openedBy: z.enum(["link", "passkey", "password", "oidc"]), minted: z.boolean(), browser: z.string(), createdAt: z.string(), lastSeenAt: z.string(), expiresAt: z.string() });
const passwordState = z.object({ set: z.boolean(), blocked: z.boolean(), coolingUntil: z.string().nullable() });

/** What a person manages for themselves, in a session of their own. */
export function accountRoutes(app: App, deps: AccountRouteDeps): void {
  const { db, org, now, contexts, fallback } = deps;
  const view = (one: Passkey) => ({
    id: one.id,
    name: one.name,
    createdAt: one.createdAt.toISOString(),
    lastUsedAt: one.lastUsedAt?.toISOString() ?? null,
    coolingUntil: one.coolingUntil !== null && one.coolingUntil.getTime() > now() ? one.coolingUntil.toISOString() : null,
    synced: one.backedUp,
    blocked: one.blockedAt !== null,
    addedByWayOf: one.addedByWayOf,
  });
  /** INVARIANT: keys and passwords are managed in a person's session; a token may sit in a program or a file. */
  const ownSession = async (request: FastifyRequest): Promise<OwnSession> => {
    const actor = actorOf(request);
    const sessionId = request.authentication?.sessionId ?? null;
    const person = actor.kind === "person" && sessionId !== null ? await db.read(org, (tx) => personById(tx, org, actor.id)) : undefined;
    if (person === undefined || sessionId === null) {
      throw new AppError({ code: "identity.session_required", status: 403, message: "This is done in a session of your own, in the console.", remedies: [{ text: "Sign in to the console.", url: "/sign-in" }] });
    }
    return { personId: person.id, email: person.email, name: person.name, sessionId };
  };
  const own = { access: "signed-in" } as const;

  app.get(
    "/api/v1/account",
    { config: own, schema: { operationId: "getAccount", summary: "Own passkeys, sessions and password", response: { 200: z.object({ passkeys: z.array(passkey), sessions: z.array(session), password: passwordState }) } } },
    async (request) => {
      const actor = actorOf(request);
      const current = request.authentication?.sessionId ?? null;
      return db.read(org, async (tx) => ({
        passkeys: (await passkeysOf(tx, org, actor.id)).map(view),
        sessions: (await listSessions(tx, org, actor.id, now())).map((one) => ({ ...one, current: one.id === current })),
        password: await fallback.state(tx, actor.id, now()),
      }));
    },
  );

  app.post(
    "/api/v1/account/passkeys/options",
    { config: own, schema: { operationId: "addPasskeyOptions", body: z.strictObject({}).nullish(), response: { 200: z.object({ creation: creationOptionsSchema, confirmation: requestOptionsSchema.nullable() }) } } },
    async (request) => {
      const who = await ownSession(request);
      return db.read(org, (tx) => addOptions(tx, org, passkeyDeps(deps), who, now()));
    },
  );

  app.post(
    "/api/v1/account/passkeys",
    {
      config: own,
      schema: { operationId: "addPasskey", summary: "Add a passkey; with one already, confirmed by it", body: z.strictObject({ name: line, registration: registrationSchema, confirmation: assertionSchema.nullable().default(null) }), response: { 201: passkey } },
    },
    async (request, reply) => {
      const ctx = contexts.quiet(actorOf(request));
      try {
        return await reply.code(201).send(view(await addPasskey(ctx, passkeyDeps(deps), await ownSession(request), request.body)));
      } catch (error) {
        if (request.body.confirmation !== null) await noteRefusedAssertion(ctx, { credentialId: request.body.confirmation.id, for: "adding a passkey" }, error);
        throw error;
      }
    },
  );

  app.put(
    "/api/v1/account/passkeys/:id",
    { config: own, schema: { operationId: "renamePasskey", params: z.object({ id: pathName }), body: z.strictObject({ name: line }), response: { 200: passkey } } },
    async (request) => view(await renamePasskey(contexts.quiet(actorOf(request)), await ownSession(request), request.params.id, request.body.name)),
  );

  app.delete("/api/v1/account/passkeys/:id", { config: own, schema: { operationId: "removePasskey", params: z.object({ id: pathName }), response: { 204: z.null() } } }, async (request, reply) => {
    await removePasskey(contexts.quiet(actorOf(request)), await ownSession(request), request.params.id);
    return reply.code(204).send(null);
  });

  app.delete("/api/v1/account/sessions/:id", { config: own, schema: { operationId: "endOwnSession", params: z.object({ id: pathName }), response: { 204: z.null() } } }, async (request, reply) => {
    const actor = actorOf(request);
    await endSessions(contexts.quiet(actor), actor.id, { only: request.params.id });
    return reply.code(204).send(null);
  });

  app.post(
    "/api/v1/account/sessions/end-others",
    { config: own, schema: { operationId: "endOtherSessions", summary: "End every session but this one", body: z.strictObject({}).nullish(), response: { 200: z.object({ ended: z.number() }) } } },
    async (request) => {
      const actor = actorOf(request);
      return { ended: await endSessions(contexts.quiet(actor), actor.id, { keep: request.authentication?.sessionId ?? null }) };
    },
  );

  app.post(
    "/api/v1/account/password",
    {
      config: { ...own, secretAnswer: true },
      schema: { operationId: "beginPassword", summary: "Set a password; counts once a first code confirmed it. The TOTP secret is shown once", body: z.strictObject({ password: z.string().max(256), code: z.string().regex(/^[0-9]{6}$/).nullable().default(null) }), response: { 201: z.object({ secret: z.string(), uri: z.string() }) } },
    },
    async (request, reply) => reply.code(201).send(await fallback.begin(contexts.quiet(actorOf(request)), await ownSession(request), request.body)),
  );

  app.post(
    "/api/v1/account/password/confirm",
    { config: own, schema: { operationId: "confirmPassword", body: z.strictObject({ code: z.string().regex(/^[0-9]{6}$/) }), response: { 204: z.null() } } },
    async (request, reply) => {
      await fallback.confirm(contexts.quiet(actorOf(request)), await ownSession(request), request.body.code);
      return reply.code(204).send(null);
    },
  );

  app.delete("/api/v1/account/password", { config: own, schema: { operationId: "removePassword", response: { 204: z.null() } } }, async (request, reply) => {
    await fallback.remove(contexts.quiet(actorOf(request)), await ownSession(request));
    return reply.code(204).send(null);
  });

  app.post(
    "/api/v1/people/:email/passkey-reset",
    {
      config: { access: administrators },
      schema: { operationId: "askPasskeyReset", summary: "Ask a second administrator to let a person replace lost passkeys; the person is told", params: z.object({ email }), body: reasonBody, response: { 202: z.object({ approval: z.string(), expiresAt: z.string() }) } },
    },
    async (request, reply) => reply.code(202).send(await askForReset(contexts.quiet(actorOf(request)), request.params.email, request.body.reason)),
  );

  app.post(
    "/api/v1/people/:email/sessions/end",
    { config: { access: administrators }, schema: { operationId: "endSessionsOf", summary: "End every session of a person", params: z.object({ email }), body: reasonBody, response: { 200: z.object({ ended: z.number() }) } } },
    async (request) => {
      const person = await db.read(org, (tx) => findPerson(tx, org, request.params.email));
      if (person === undefined) throw personNotFound(request.params.email);
      return { ended: await endSessions(contexts.quiet(actorOf(request)), person.id, { keep: null }) };
    },
  );
}
