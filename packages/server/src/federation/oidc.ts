import type { OutboundRule } from "@mandate/gateway";
import { allowInsecureRequests, authorizationCodeGrant, buildAuthorizationUrl, calculatePKCECodeChallenge, ClientSecretBasic, customFetch, discovery, enableNonRepudiationChecks, None, randomNonce, randomPKCECodeVerifier, randomState } from "openid-client";
import type { Configuration, CustomFetchOptions } from "openid-client";
import { isLoopbackName } from "@mandate/gateway";
import { outboundRequest } from "../outbound/index.ts";
import { signInFailed } from "./errors.ts";
import type { Claims } from "./identities.ts";
import type { IdentityProvider } from "./providers.ts";

const timeoutMs = 10_000;
const maxAnswerBytes = 1024 * 1024;
/** Metadata is read again after this, so that a provider's new keys arrive. */
const keptMs = 10 * 60_000;

export interface OidcClient {
  /** Where to send the browser, and what has to come back with it. */
  begin(provider: IdentityProvider, secret: string | null): Promise<{ url: URL; state: string; nonce: string; verifier: string }>;
  /** The provider's word on who came back. @throws AppError `federation.failed` */
  finish(provider: IdentityProvider, secret: string | null, returned: URL, expected: { state: string; nonce: string; verifier: string }): Promise<Claims>;
}

/** OpenID Connect Core 1.0, authorization code flow with PKCE, state and nonce; the ID token's signature is checked. */
export function createOidcClient(options: { readonly redirectUri: string; readonly outbound: () => OutboundRule; readonly now: () => number }): OidcClient {
  const { redirectUri, outbound, now } = options;
  const known = new Map<string, { readonly configuration: Configuration; readonly untilMs: number }>();

  async function configurationOf(provider: IdentityProvider, secret: string | null): Promise<Configuration> {
    const key = `${provider.name} ${provider.changedAt}`;
    const found = known.get(key);
    if (found !== undefined && found.untilMs > now()) return found.configuration;
    const issuer = new URL(provider.issuer);
    const insecure = issuer.protocol === "http:" && isLoopbackName(issuer.hostname);
    const fetch = (url: string, init: CustomFetchOptions): Promise<Response> => guardedFetch(url, init, outbound());
    const configuration = await discovery(issuer, provider.clientId, secret ?? undefined, secret === null ? None() : ClientSecretBasic(secret), {
      [customFetch]: fetch,
      timeout: timeoutMs / 1000,
      execute: [enableNonRepudiationChecks, ...(insecure ? [allowInsecureRequests] : [])],
    });
    configuration[customFetch] = fetch;
    if (known.size > 100) known.clear();
    known.set(key, { configuration, untilMs: now() + keptMs });
    return configuration;
  }

  return {
    async begin(provider, secret) {
      try {
        const configuration = await configurationOf(provider, secret);
        const [state, nonce, verifier] = [randomState(), randomNonce(), randomPKCECodeVerifier()];
        const url = buildAuthorizationUrl(configuration, { redirect_uri: redirectUri, scope: "openid email profile", state, nonce, code_challenge: await calculatePKCECodeChallenge(verifier), code_challenge_method: "S256" });
        return { url, state, nonce, verifier };
      } catch (error) {
        throw signInFailed(`discovery of ${provider.issuer}: ${String(error)}`);
      }
    },
    async finish(provider, secret, returned, expected) {
      try {
        const configuration = await configurationOf(provider, secret);
        const tokens = await authorizationCodeGrant(configuration, returned, { expectedState: expected.state, expectedNonce: expected.nonce, pkceCodeVerifier: expected.verifier, idTokenExpected: true });
        const claims = tokens.claims();
        if (claims === undefined || claims.sub.length === 0 || claims.sub.length > 255) throw new Error("no subject");
        const email = claims["email"];
        return { issuer: claims.iss, subject: claims.sub, email: typeof email === "string" && email.length <= 254 ? email : null, emailVerified: claims["email_verified"] === true };
      } catch (error) {
        throw signInFailed(`code of ${provider.issuer}: ${String(error)}`);
      }
    },
  };
}

/** The library's requests, by the addresses that an administrator allowed and without redirects. */
async function guardedFetch(url: string, init: CustomFetchOptions, outbound: OutboundRule): Promise<Response> {
  const headers = new Headers(init.headers);
  const body = init.body === null || init.body === undefined ? undefined : String(init.body);
  const method = init.method === "POST" ? "POST" : "GET";
  const answer = await outboundRequest(new URL(url), { method, headers: Object.fromEntries(headers), ...(body === undefined ? {} : { body }), outbound, signal: AbortSignal.timeout(timeoutMs), maxAnswerBytes });
  const type = answer.headers["content-type"];
  return new Response(answer.body === "" ? null : answer.body, { status: answer.status, headers: type === undefined ? {} : { "content-type": type } });
}
