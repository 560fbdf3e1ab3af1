import type { FastifyBaseLogger, FastifyInstance, RawReplyDefaultExpression, RawRequestDefaultExpression, RawServerDefault } from "fastify";
import type { ZodTypeProvider } from "fastify-type-provider-zod";
import type { Actor } from "../command.ts";
import type { Access } from "./access.ts";

/** The control listener with its schemas' types. */
export type App = FastifyInstance<RawServerDefault, RawRequestDefaultExpression, RawReplyDefaultExpression, FastifyBaseLogger, ZodTypeProvider>;

/** What a credential on the request turned out to be. */
export interface Authentication {
  readonly actor: Actor;
  /** Present for cookie sessions alone: what `x-mandate-csrf` must repeat on every mutation. */
  readonly csrf: string | null;
  /** End of the session or token, epoch ms; null for the bootstrap account. */
  readonly expiresAt: number | null;
  /** Session's id, to end it. */
  readonly sessionId: string | null;
}

declare module "fastify" {
  interface FastifyContextConfig {
    access?: Access;
    /** The system that the request is about, where its path doesn't say: a role for one system opens what is done to it. */
    systemOf?: (request: FastifyRequest) => Promise<string | null> | string | null;
    /** A list of what never changes: the field that says since when each item is there, so that it is shown as of any moment. */
    made?: string;
    /** Answers that carry a secret once: their body is never kept for a repeated Idempotency-Key. */
    secretAnswer?: boolean;
  }
  interface FastifyRequest {
    authentication: Authentication | null;
  }
}
