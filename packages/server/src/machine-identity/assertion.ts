import { leewaySeconds, readJws, signedByOneOf, verificationKeys } from "@mandate/gateway";
import type { Jws, VerificationKey } from "@mandate/gateway";
import type { Machine } from "../credentials/index.ts";
import { TokenRefused } from "./token-refused.ts";

/** An assertion is made for one request: longer-lived ones are worth stealing. */
const maxLifetimeSeconds = 300;
const maxLength = 8_192;

export interface Assertion {
  readonly clientId: string;
  readonly jti: string;
  readonly expiresAt: number;
  readonly jws: Jws;
}

/** The client's word, not verified yet: says whose keys to look for. @throws TokenRefused */
export function readAssertion(text: string): Assertion {
  const jws = readJws(text, maxLength);
  if (jws === undefined) throw new TokenRefused("invalid_client", "client_assertion is no JWT signed with ES256, EdDSA or RS256");
  const { iss, sub, jti, exp } = jws.claims;
  if (typeof sub !== "string" || iss !== sub) throw new TokenRefused("invalid_client", "iss and sub of the assertion are the client's id, both");
  if (typeof jti !== "string" || jti === "" || jti.length > 256) throw new TokenRefused("invalid_client", "the assertion has no jti");
  if (typeof exp !== "number") throw new TokenRefused("invalid_client", "the assertion has no end");
  return { clientId: sub, jti, expiresAt: exp, jws };
}

/**
 * RFC 7523 §3. The audience is this token endpoint or its issuer, alone: an assertion that names another server too is
 * one which that server could use here.
 * @throws TokenRefused
 */
export function checkAssertion(assertion: Assertion, keys: readonly VerificationKey[], audiences: readonly string[], nowSeconds: number): void {
  const { claims, header } = assertion.jws;
  // A DPoP proof or an access token is signed too, and is no assertion.
  if (header.typ !== undefined && header.typ !== "JWT" && header.typ !== "client-authentication+jwt") throw new TokenRefused("invalid_client", "the assertion is another kind of token");
  if (!signedByOneOf(assertion.jws, keys)) throw new TokenRefused("invalid_client", "the assertion's signature does not hold");
  const audience: unknown = Array.isArray(claims.aud) && claims.aud.length === 1 ? claims.aud[0] : claims.aud;
  if (typeof audience !== "string" || !audiences.includes(audience)) throw new TokenRefused("invalid_client", "the assertion is for another server");
  const { nbf, iat } = claims;
  if (assertion.expiresAt + leewaySeconds <= nowSeconds) throw new TokenRefused("invalid_client", "the assertion has ended");
  if (assertion.expiresAt > nowSeconds + maxLifetimeSeconds + leewaySeconds) throw new TokenRefused("invalid_client", `the assertion lives longer than ${maxLifetimeSeconds} seconds`);
  for (const instant of [nbf, iat])
    if (instant !== undefined && (typeof instant !== "number" || instant > nowSeconds + leewaySeconds)) throw new TokenRefused("invalid_client", "the assertion is not valid yet");
}

/** Keys that were registered, each under its own `kid` or its thumbprint. */
export function registeredKeys(machine: Machine): readonly VerificationKey[] {
  return machine.keys.flatMap(({ jwk, thumbprint }) => verificationKeys([jwk, { ...jwk, kid: thumbprint }]));
}
