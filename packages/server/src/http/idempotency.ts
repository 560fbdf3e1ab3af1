import { createHash } from "node:crypto";
import { AppError } from "@mandate/model";
import type { FastifyRequest } from "fastify";
import type { App } from "./fastify-types.ts";

export interface StoredAnswer {
  readonly requestHash: string;
  /** Null while the first request is still running. */
  readonly status: number | null;
  /** Null when the answer carried a secret: it is not kept. */
  readonly body: string | null;
}

/** Remembers, per actor and key, what a write answered, for 24 hours. */
export interface IdempotencyStore {
  /** Claims the key, or returns what is known of it: one insert, so two requests can't both claim. */
  claim(actor: string, key: string, requestHash: string, nowMs: number): Promise<StoredAnswer | "claimed">;
  finish(actor: string, key: string, status: number, body: string | null): Promise<void>;
  /** The write failed on our side or was refused: the key may be used again. */
  forget(actor: string, key: string): Promise<void>;
}

const writes = new Set(["POST", "PUT", "DELETE"]);
const claimed = new WeakMap<FastifyRequest, { actor: string; key: string }>();

/** `Idempotency-Key` on writes: a repeat of the same request answers the same, once. */
export function idempotencyHooks(app: App, store: IdempotencyStore, now: () => number): void {
  app.addHook("preHandler", async (request, reply) => {
    const key = request.headers["idempotency-key"];
    const actor = request.authentication?.actor.id;
    if (key === undefined || actor === undefined || !writes.has(request.method)) return undefined;
    if (typeof key !== "string" || !/^[\x21-\x7e]{1,200}$/.test(key)) {
      throw new AppError({ code: "request.idempotency_key", status: 400, message: "Idempotency-Key is 1 to 200 printable characters.", remedies: [{ text: "Send a UUID." }] });
    }
    const body: unknown = request.body;
    const requestHash = createHash("sha256")
      .update(`${request.method} ${request.url}\n${typeof body === "string" ? body : JSON.stringify(body ?? null)}`)
      .digest("hex");
    const known = await store.claim(actor, key, requestHash, now());
    if (known === "claimed") {
      claimed.set(request, { actor, key });
      return undefined;
    }
    if (known.requestHash !== requestHash) {
      throw new AppError({ code: "request.idempotency_reused", status: 422, message: "This Idempotency-Key was used for another request.", remedies: [{ text: "Use a new key for a new request." }] });
    }
    if (known.status === null) {
      throw new AppError({ code: "request.in_progress", status: 409, message: "The first request with this Idempotency-Key is still running.", remedies: [{ text: "Wait a moment, then repeat it." }] });
    }
    if (known.body === null) {
      throw new AppError({
        code: "request.answered_once",
        status: 409,
        message: "This was done already, and its answer held a secret that is shown once.",
        remedies: [{ text: "If the answer was lost, revoke what it made and make a new one." }],
      });
    }
    return reply.code(known.status).header("idempotent-replayed", "true").type("application/json").send(known.body);
  });

  app.addHook("onSend", async (request, reply, payload) => {
    const claim = claimed.get(request);
    if (claim === undefined) return payload;
    claimed.delete(request);
    if (reply.statusCode >= 200 && reply.statusCode < 300) {
      const secret = request.routeOptions.config.secretAnswer === true;
      await store.finish(claim.actor, claim.key, reply.statusCode, secret ? null : typeof payload === "string" ? payload : "");
    } else {
      await store.forget(claim.actor, claim.key);
    }
    return payload;
  });
}
