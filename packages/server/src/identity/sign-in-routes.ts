import type { IncomingHttpHeaders } from "node:http";
import type { FastifyReply } from "fastify";
import { AppError } from "@mandate/model";
import { z } from "zod";
import type { Contexts } from "../context/index.ts";
import { systemActor } from "../context/index.ts";
import { email, RateLimit, sessionCookie } from "../http/index.ts";
import type { App } from "../http/index.ts";
import { assertionSchema, noteRefusedAssertion, requestOptionsSchema } from "../passkeys/index.ts";
import type { Challenges, PasskeySupport } from "../passkeys/index.ts";
import type { Fallback } from "./fallback.ts";
import type { PasskeyDeps } from "./own-passkeys.ts";
import { signInOptions, signInWithPasskey } from "./passkey-sign-in.ts";
import { sessionLifetimeMs } from "./sessions.ts";
import type { OpenedSession } from "./sessions.ts";

export interface SignInRouteDeps {
  readonly now: () => number;
  readonly contexts: Contexts;
  readonly secureCookies: boolean;
  readonly passkeys: PasskeySupport;
  readonly challenges: Challenges;
  readonly fallback: Fallback;
}

/** Ways in that need no link: a passkey, or password and code. */
export function signInRoutes(app: App, deps: SignInRouteDeps): void {
  const { now, contexts, secureCookies } = deps;
  const byAddress = new RateLimit(60);
  // Address and e-mail together: whoever floods from elsewhere can't keep the person out.
  const byAddressAndEmail = new RateLimit(6);
  const answer = z.object({ email: z.string(), first: z.boolean() });
  const signedIn = (reply: FastifyReply, opened: OpenedSession): { email: string; first: boolean } => {
    void reply.header("set-cookie", sessionCookie(opened.secret, secureCookies, sessionLifetimeMs / 1000));
    return { email: opened.email, first: opened.first };
  };

  app.post(
    "/api/v1/session/passkey/options",
    { config: { access: "public" }, schema: { operationId: "passkeySignInOptions", summary: "What to ask a passkey for; names nobody", body: z.strictObject({}).nullish(), response: { 200: requestOptionsSchema } } },
    async (request) => {
      byAddress.take(request.ip, now());
      return signInOptions(passkeyDeps(deps), now());
    },
  );

  app.post(
    "/api/v1/session/passkey",
    { config: { access: "public", secretAnswer: true }, schema: { operationId: "signInWithPasskey", body: z.strictObject({ assertion: assertionSchema }), response: { 200: answer } } },
    async (request, reply) => {
      byAddress.take(request.ip, now());
      requireNotCrossSite(request.headers["sec-fetch-site"]);
      const ctx = contexts.quiet(systemActor("sign-in"));
      const { assertion } = request.body;
      try {
        return signedIn(reply, await signInWithPasskey(ctx, passkeyDeps(deps), assertion, browserOf(request.headers)));
      } catch (error) {
        await noteRefusedAssertion(ctx, { credentialId: assertion.id, for: "sign-in" }, error);
        throw error;
      }
    },
  );

  app.post(
    "/api/v1/session/password",
    {
      config: { access: "public", secretAnswer: true },
      schema: { operationId: "signInWithPassword", summary: "The weaker way in: password and TOTP code", body: z.strictObject({ email, password: z.string().min(1).max(256), code: z.string().regex(/^[0-9]{6}$/) }), response: { 200: answer } },
    },
    async (request, reply) => {
      byAddress.take(request.ip, now());
      byAddressAndEmail.take(`${request.ip} ${request.body.email}`, now());
      requireNotCrossSite(request.headers["sec-fetch-site"]);
      return signedIn(reply, await deps.fallback.signIn(contexts.quiet(systemActor("sign-in")), request.body, browserOf(request.headers)));
    },
  );
}

/** @throws AppError `passkeys.off` (409) saying why */
export function passkeyDeps({ passkeys, challenges }: { readonly passkeys: PasskeySupport; readonly challenges: Challenges }): PasskeyDeps {
  if (passkeys.relyingParty !== null) return { relyingParty: passkeys.relyingParty, challenges };
  throw new AppError({ code: "passkeys.off", status: 409, message: passkeys.off, remedies: [{ text: "Tell whoever runs this server, or sign in with a link." }] });
}

/** Signing in has no session yet to prove anything by, so another site may not even try (login CSRF). */
export function requireNotCrossSite(site: string | string[] | undefined): void {
  if (site === undefined || site === "same-origin" || site === "none") return;
  throw new AppError({ code: "identity.csrf", status: 403, message: "Sign-in was asked for by another site.", remedies: [{ text: "Open the sign-in page in the address bar.", url: "/sign-in" }] });
}

export function browserOf(headers: IncomingHttpHeaders): string {
  return (headers["user-agent"] ?? "").replaceAll(/[^\x20-\x7e]/g, "").slice(0, 300);
}
