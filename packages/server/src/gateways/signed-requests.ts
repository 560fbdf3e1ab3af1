import type { FastifyRequest } from "fastify";
import { maxSkewMs, requestHeaders, requestIsSigned } from "@mandate/gateway/remote";
import { AppError } from "@mandate/model";
import type { Database } from "../database/index.ts";
import { enrolledGateway, fenced } from "./store.ts";
import type { EnrolledGateway } from "./store.ts";

/** Nonces of the last minute: a request that was overheard works once. */
const maxNonces = 200_000;

export interface SignedRequests {
  /** @throws AppError `gateways.signature` (401); `gateways.fenced` (409): a run that counts no more */
  gatewayOf(request: FastifyRequest): Promise<EnrolledGateway>;
}

export function signedRequests(db: Database, org: string, now: () => number): SignedRequests {
  const seen = new Map<string, number>();
  const forget = (): void => {
    for (const [nonce, at] of seen) {
      if (at > now() - 2 * maxSkewMs && seen.size < maxNonces) break;
      seen.delete(nonce);
    }
  };
  return {
    async gatewayOf(request) {
      const [id, at, nonce, signature] = [requestHeaders.id, requestHeaders.at, requestHeaders.nonce, requestHeaders.signature].map((name) => request.headers[name]);
      if (typeof id !== "string" || typeof at !== "string" || typeof nonce !== "string" || typeof signature !== "string" || !/^[A-Za-z0-9_-]{22}$/.test(nonce)) throw refused();
      const atMs = Number(at);
      const run = request.headers[requestHeaders.run];
      if (run !== undefined && (typeof run !== "string" || !/^[A-Za-z0-9_-]{22}$/.test(run))) throw refused();
      // Compared before anything else is done, so that guesses cost one look at the clock.
      if (!Number.isInteger(atMs) || Math.abs(now() - atMs) > maxSkewMs) throw refused();
      const gateway = await db.read(org, (tx) => enrolledGateway(tx, org, id.slice(0, 64)));
      const body = rawBodyOf(request);
      if (gateway === undefined || !requestIsSigned(gateway.signingKey, gateway.id, { method: request.method, path: request.url, body, atMs, nonce, ...(run === undefined ? {} : { run }) }, signature)) throw refused();
      forget();
      const key = `${gateway.id} ${nonce}`;
      if (seen.has(key)) throw refused();
      seen.set(key, now());
      if (run !== undefined && run !== gateway.run) throw fenced();
      return gateway;
    },
  };
}

/** The bytes as they came: what is signed is never what a parser, or a schema, made of them. */
const rawBodies = new WeakMap<object, Buffer>();

export function keepRawBody(request: FastifyRequest, raw: Buffer): void {
  rawBodies.set(request.raw, raw);
}

function rawBodyOf(request: FastifyRequest): Buffer {
  return rawBodies.get(request.raw) ?? Buffer.alloc(0);
}

function refused(): AppError {
  return new AppError({
    code: "gateways.signature",
    status: 401,
    message: "This request isn't signed by an enrolled gateway, or not just now.",
    remedies: [{ text: "Compare the clocks of both machines; enrol the gateway again if its volume was replaced." }],
  });
}
