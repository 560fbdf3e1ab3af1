import { authzenConfiguration, type Gateway } from "@mandate/gateway";
import type { App } from "../http/index.ts";

/**
 * AuthZEN on the control listener. The gateway's handler reads the raw request, so these routes parse nothing; the
 * caller is an API token or session checked here, or the subject's own gateway key, which the gateway checks.
 */
export async function authzenRoutes(app: App, gateway: () => Gateway, consoleUrl: string): Promise<void> {
  app.get("/.well-known/authzen-configuration", { config: { access: "public" } }, () => authzenConfiguration(consoleUrl));
  await app.register(async (scope) => {
    scope.removeAllContentTypeParsers();
    scope.addContentTypeParser("*", (_request, _payload, done) => done(null));
    scope.route({
      method: ["GET", "POST"],
      url: "/access/*",
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
