import type { FastifyRequest } from "fastify";
import { actions } from "@mandate/model";
import { dpopAlgorithms, jwsAlgorithms } from "@mandate/gateway";
import type { Database } from "../database/index.ts";
import { RateLimit } from "../http/index.ts";
import type { App } from "../http/index.ts";
import { signingJwks } from "./signing-keys.ts";
import { grantTypes } from "./token-endpoint.ts";
import type { TokenEndpoint } from "./token-endpoint.ts";
import { TokenRefused } from "./token-refused.ts";

const maxFormBytes = 64 * 1024;
const attemptsPerMinute = 300;

export interface MachineIdentityRouteDeps {
  readonly db: Database;
  readonly org: string;
  readonly now: () => number;
  readonly issuer: string;
  readonly endpoint: TokenEndpoint;
}

/** The part of OAuth 2.0 that machines need, in its own words: errors are RFC 6749's, not problem documents. */
export async function machineIdentityRoutes(app: App, deps: MachineIdentityRouteDeps): Promise<void> {
  const { db, org, now, issuer, endpoint } = deps;
  const attempts = new RateLimit(attemptsPerMinute);

  // RFC 8414.
  app.get("/.well-known/oauth-authorization-server", { config: { access: "public" } }, () => ({
    issuer,
    token_endpoint: `${issuer}/oauth2/token`,
    jwks_uri: `${issuer}/oauth2/jwks`,
    response_types_supported: [],
    grant_types_supported: grantTypes,
    scopes_supported: actions,
    token_endpoint_auth_methods_supported: ["private_key_jwt"],
    token_endpoint_auth_signing_alg_values_supported: jwsAlgorithms,
    dpop_signing_alg_values_supported: dpopAlgorithms.split(" "),
  }));

  app.get("/oauth2/jwks", { config: { access: "public" } }, async () => ({ keys: await db.read(org, (tx) => signingJwks(tx, org)) }));

  await app.register(async (scope) => {
    scope.removeAllContentTypeParsers();
    scope.addContentTypeParser("application/x-www-form-urlencoded", { parseAs: "string", bodyLimit: maxFormBytes }, (_request, body, done) => done(null, body));
    scope.post("/oauth2/token", { config: { access: "public" } }, async (request, reply) => {
      attempts.take(request.ip, now());
      try {
        const { dpop } = request.headers;
        const answer = await endpoint.answer({ form: formOf(request.body), dpop: dpop === undefined ? undefined : String(dpop), urls: addressesOf(request, issuer) });
        return await reply.header("pragma", "no-cache").send(answer);
      } catch (error) {
        if (!(error instanceof TokenRefused)) throw error;
        return reply.code(error.status).send({ error: error.code, error_description: error.message });
      }
    });
  });
}

/** RFC 6749 §3.2: a parameter sent twice is no parameter; one without a value counts as left out. */
function formOf(body: unknown): ReadonlyMap<string, string> {
  const form = new Map<string, string>();
  for (const [name, value] of new URLSearchParams(typeof body === "string" ? body : "")) {
    if (form.has(name)) throw new TokenRefused("invalid_request", "a parameter is sent twice");
    if (value !== "") form.set(name, value);
  }
  return form;
}

/** As on the gateway: the configured address, and loopback names of this very socket; never the host header. */
function addressesOf(request: FastifyRequest, issuer: string): readonly string[] {
  const port = request.socket.localPort ?? 0;
  return [issuer, ...["127.0.0.1", "localhost", "[::1]"].map((name) => `http://${name}:${port}`)].map((origin) => `${origin}/oauth2/token`);
}
