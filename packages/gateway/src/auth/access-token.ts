import type { ActionName } from "@mandate/model";
import { isMembers, type Members } from "../surfaces/fields.ts";
import { type Jwk, leewaySeconds, readJws, signedByOneOf, type VerificationKey } from "./jws.ts";
import type { User } from "./user-token.ts";

/** What access tokens must say to count here. Travels in the snapshot, so that no call needs the network. */
export interface AccessTokenRules {
  readonly issuer: string;
  readonly audience: string;
  readonly keys: readonly Jwk[];
  /** Origins that callers reach this gateway by, for the `htu` of proofs. */
  readonly origins: readonly string[];
}

export const maxTokenSeconds = 900;
/** Agents that act for one another, the caller among them. */
export const maxActors = 3;
const maxTokenLength = 8_192;

/** What an access token says beyond the credential that it names; each part only narrows. */
export interface TokenUse {
  readonly jti: string;
  readonly subject: string;
  /** The workload's own name at its issuer, when it came by federation. */
  readonly workload: string | null;
  readonly system: string;
  /** Credential ids, the caller first, then whom it acts for (RFC 8693 §4.1). */
  readonly chain: readonly string[];
  readonly scope: readonly ActionName[];
  readonly purposes: readonly string[];
  /** Thumbprint of the key it is bound to (RFC 9449 §6), or null. */
  readonly jkt: string | null;
  readonly user: User | null;
  readonly expiresAt: number;
}

/** Three parts with dots can't be a gateway key. */
export function looksLikeJwt(text: string): boolean {
  return text.split(".", 4).length === 3;
}

/**
 * RFC 9068, for tokens that this installation signed. Undefined when it isn't one: a wrong signature, issuer, audience or
 * type tells the caller nothing more. Its end is compared by the caller, so that a suspended system says so first.
 */
export function readAccessToken(token: string, rules: { readonly issuer: string; readonly audience: string; readonly keys: readonly VerificationKey[] }, nowSeconds: number): TokenUse | undefined {
  const jws = readJws(token, maxTokenLength);
  if (jws === undefined || jws.header.typ !== "at+jwt" || !signedByOneOf(jws, rules.keys)) return undefined;
  const { claims } = jws;
  if (claims.iss !== rules.issuer || claims.aud !== rules.audience) return undefined;
  const { sub, client_id: client, jti, system, iat, exp, scope } = claims;
  if (typeof sub !== "string" || typeof client !== "string" || typeof jti !== "string" || typeof system !== "string" || typeof scope !== "string") return undefined;
  if (typeof iat !== "number" || typeof exp !== "number" || exp - iat > maxTokenSeconds || iat > nowSeconds + leewaySeconds) return undefined;
  const actors = claims.act === undefined ? [client] : actorsOf(claims.act);
  if (actors === undefined || actors[0] !== client) return undefined;
  const jkt = claims.cnf === undefined ? null : isMembers(claims.cnf) ? claims.cnf.jkt : undefined;
  if (jkt === undefined || (jkt !== null && typeof jkt !== "string")) return undefined;
  return {
    jti,
    subject: sub,
    workload: typeof claims.workload === "string" ? claims.workload : null,
    system,
    chain: sub.startsWith("cred_") && !actors.includes(sub) ? [...actors, sub] : actors,
    scope: scope.split(" ").filter((name) => name !== "") as ActionName[],
    purposes: Array.isArray(claims.purposes) ? claims.purposes.map(String) : [],
    jkt,
    user: isMembers(claims.user) ? userOf(claims.user) : null,
    expiresAt: exp,
  };
}

/** `{sub: caller, act: {sub: …}}` as a list, the caller first; undefined when it breaks a bound. */
function actorsOf(act: unknown): string[] | undefined {
  const actors: string[] = [];
  for (let next: unknown = act; next !== undefined; next = next.act) {
    if (!isMembers(next) || typeof next.sub !== "string" || actors.length === maxActors) return undefined;
    actors.push(next.sub);
  }
  return actors;
}

function userOf(user: Members): User {
  return { subject: String(user.subject), claims: isMembers(user.claims) ? user.claims : {} };
}
