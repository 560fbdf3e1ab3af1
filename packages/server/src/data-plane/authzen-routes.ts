import { createHash, timingSafeEqual } from "node:crypto";
import type { IncomingMessage } from "node:http";
import { authzenConfiguration, type Gateway } from "@mandate/gateway";
import { bearerKind } from "../bearer.ts";
import type { App } from "../http/index.ts";

const paths = ["/access/v1/evaluation", "/access/v1/evaluations"] as const;
/** Who may do what is for those who sign in here: the gateway's listener answers none of it. */
const searchPaths = ["/access/v1/search/subject", "/access/v1/search/resource", "/access/v1/search/action"] as const;

/**
 * Whether a question on the gateway's listener comes with an API token: it is answered as on the control listener. Any
 * other bearer is the gateway's to judge.
 */
export function asksWithApiToken(request: IncomingMessage, bootstrapToken: string | null): boolean {
  if (!(paths as readonly string[]).includes((request.url ?? "").split("?")[0]!)) return false;
  const bearer = /^Bearer ([\x21-\x7e]{1,512})$/i.exec(request.headers.authorization ?? "")?.[1];
  if (bearer === undefined) return false;
  const kind = bearerKind(bearer);
  return kind === "apiToken" || kind === "serviceToken" || (bootstrapToken !== null && timingSafeEqual(digest(bearer), digest(bootstrapToken)));
}

const digest = (text: string): Buffer => createHash("sha256").update(text, "utf8").digest();

/**
 * AuthZEN on the control listener. The gateway's handler reads the raw request, so these routes parse nothing; the
 * caller is an API token or session checked here, or the subject's own gateway key, which the gateway checks.
 */
export async function authzenRoutes(app: App, gateway: () => Gateway, consoleUrl: string): Promise<void> {
  app.get("/.well-known/authzen-configuration", { config: { access: "public" } }, () => authzenConfiguration(consoleUrl, { searches: true }));
  await app.register(async (scope) => {
    scope.removeAllContentTypeParsers();
    scope.addContentTypeParser("*", (_request, _payload, done) => done(null));
    // Each path by name: what else AuthZEN asks for must not be read as an evaluation.
    for (const url of [...paths, ...searchPaths]) scope.route({
      method: ["GET", "POST"],
      url,
      config: { access: "public" },
      handler: (request, reply) => {
        reply.hijack();
        reply.raw.setHeader("x-content-type-options", "nosniff");
        reply.raw.setHeader("content-security-policy", "default-src 'none'; frame-ancestors 'none'; sandbox");
        const actor = request.authentication?.actor;
        gateway().authzen(request.raw, reply.raw, actor === undefined ? null : { kind: "token", accountable: actor.email ?? actor.id, id: actor.id });
      },
    });
  });
}
