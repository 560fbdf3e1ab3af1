import { createHash, timingSafeEqual } from "node:crypto";
import type { FastifyRequest } from "fastify";
import { bearerKind } from "../bearer.ts";
import type { Actor } from "../command.ts";
import type { Contexts } from "../context/index.ts";
import { systemActor } from "../context/index.ts";
import type { Database, Tx } from "../database/index.ts";
import { RateLimit, readCookie, sessionCookieName, signInRequired } from "../http/index.ts";
import type { Authentication } from "../http/index.ts";
import { recogniseServiceToken } from "../service-accounts/index.ts";
import { noteSessionUse } from "./sessions.ts";
import { activatePerson, recogniseSession, recogniseToken } from "./sign-in.ts";

export const bootstrapActor: Actor = { kind: "bootstrap", id: "bootstrap", email: null, roles: ["administrator"], proof: "bootstrap" };

/** The process itself, loading the sample through its own public API: an administrator that approves nothing. */
const internalActor: Actor = { kind: "system", id: "sample", email: null, roles: ["administrator"], proof: "internal" };

export interface AuthenticateOptions {
  readonly db: Database;
  readonly org: string;
  readonly now: () => number;
  readonly contexts: Contexts;
  /** Value of MANDATE_BOOTSTRAP_TOKEN, or null. */
  readonly bootstrapToken: string | null;
  /** Bearer of this process's own service account. */
  readonly internalToken: string;
  readonly secureCookies: boolean;
  /** Whose whole access has ended by now, whatever they show. @throws AppError 403 */
  readonly refuse: (tx: Tx, actor: Actor) => Promise<void>;
}

/** Tells who a request comes from; null when it says nothing. A bearer that is wrong is an error, never "nobody". */
export function createAuthenticate(options: AuthenticateOptions): (request: FastifyRequest) => Promise<Authentication | null> {
  const { db, org, now, contexts } = options;
  // Compared as digests, so neither length nor first difference shows in the time taken.
  const bootstrapDigest = options.bootstrapToken === null ? null : digest(options.bootstrapToken);
  const internalDigest = digest(options.internalToken);
  const failures = new RateLimit(300);
  const entered = async <T extends { readonly actor: Actor } | undefined>(tx: Tx, known: T): Promise<T> => {
    if (known !== undefined) await options.refuse(tx, known.actor);
    return known;
  };

  return async (request) => {
    const header = request.headers.authorization;
    if (header !== undefined) {
      const token = /^Bearer ([\x21-\x7e]{1,512})$/i.exec(header)?.[1];
      if (token !== undefined && bootstrapDigest !== null && timingSafeEqual(digest(token), bootstrapDigest)) {
        return { actor: bootstrapActor, csrf: null, expiresAt: null, sessionId: null };
      }
      if (token !== undefined && timingSafeEqual(digest(token), internalDigest)) {
        return { actor: internalActor, csrf: null, expiresAt: null, sessionId: null };
      }
      // A gateway key is another surface's credential: the AuthZEN route reads it itself.
      if (token !== undefined && bearerKind(token) === "gatewayKey") return null;
      const service = token === undefined || bearerKind(token) !== "serviceToken" ? undefined : await db.read(org, (tx) => recogniseServiceToken(tx, org, token, now()));
      if (service !== undefined) return { ...service, csrf: null, sessionId: null };
      const known = token === undefined ? undefined : await db.read(org, async (tx) => entered(tx, await recogniseToken(tx, org, token, now())));
      if (known === undefined) {
        failures.take(request.ip, now());
        throw signInRequired();
      }
      if (known.invited) await activatePerson(contexts.quiet(systemActor("identity")), known.actor.id);
      return known;
    }
    const secret = readCookie(request.headers.cookie, sessionCookieName(options.secureCookies));
    if (secret === undefined) return null;
    const known = await db.read(org, async (tx) => entered(tx, await recogniseSession(tx, org, secret, now())));
    if (known?.noteUse === true) await db.transaction(org, (tx) => noteSessionUse(tx, org, known.sessionId!, now()));
    return known ?? null;
  };
}

function digest(text: string): Buffer {
  return createHash("sha256").update(text, "utf8").digest();
}
