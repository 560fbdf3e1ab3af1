import { createPublicKey, hash, type KeyObject, verify } from "node:crypto";
import { parseStrictObject } from "../json/strict-json.ts";
import type { Members } from "../surfaces/fields.ts";

export type Jwk = Readonly<Record<string, unknown>>;

/**
 * RFC 8725 §3.1: asymmetric algorithms alone. `none` and HMAC are no member, so a public key is never taken for a shared
 * secret, and each algorithm names the only type of key it takes.
 */
const algorithms = {
  ES256: { kty: "EC", hash: "sha256", ecdsa: true },
  EdDSA: { kty: "OKP", hash: null, ecdsa: false },
  RS256: { kty: "RSA", hash: "sha256", ecdsa: false },
} as const;
export type JwsAlgorithm = keyof typeof algorithms;
export const jwsAlgorithms = Object.keys(algorithms) as readonly JwsAlgorithm[];
const minRsaBits = 2048;
const maxRsaBits = 8192;
const maxDepth = 8;

/** Clocks of issuers and callers may differ from ours by this much. */
export const leewaySeconds = 30;

export interface VerificationKey {
  readonly kid: string | null;
  readonly alg: JwsAlgorithm;
  readonly key: KeyObject;
}

export interface Jws {
  readonly header: Members;
  readonly claims: Members;
  readonly alg: JwsAlgorithm;
  readonly signed: Buffer;
  readonly signature: Buffer;
}

/**
 * A compact JWS (RFC 7515 §7.1), read but not verified; undefined when it breaks a rule. Duplicate members are refused
 * because two readers could each believe another one; `crit` because no extension is understood here. `jku`, `x5u`,
 * `x5c` and `jwk` are read by nobody: a token doesn't say where its own key is.
 */
export function readJws(token: string, maxLength: number): Jws | undefined {
  if (token.length > maxLength || !/^[\w-]+\.[\w-]+\.[\w-]+$/.test(token)) return undefined;
  const [head = "", payload = "", signature = ""] = token.split(".");
  try {
    const header = parseStrictObject(Buffer.from(head, "base64url"), maxDepth).value;
    const claims = parseStrictObject(Buffer.from(payload, "base64url"), maxDepth).value;
    const { alg } = header;
    if (typeof alg !== "string" || !Object.hasOwn(algorithms, alg) || header.crit !== undefined) return undefined;
    return {
      header,
      claims,
      alg: alg as JwsAlgorithm,
      signed: Buffer.from(`${head}.${payload}`),
      signature: Buffer.from(signature, "base64url"),
    };
  } catch {
    return undefined;
  }
}

/** The public key of a JWK that one of the accepted algorithms uses, or undefined. Private members are never accepted. */
export function verificationKey(jwk: Jwk): VerificationKey | undefined {
  if (jwk.d !== undefined || jwk.k !== undefined || (jwk.use !== undefined && jwk.use !== "sig" && jwk.use !== "jwt-svid")) return undefined;
  const alg = jwsAlgorithms.find((name) => algorithms[name].kty === jwk.kty);
  if (alg === undefined || (jwk.alg !== undefined && jwk.alg !== alg && !(alg === "EdDSA" && jwk.alg === "Ed25519")))
    return undefined;
  if ((alg === "ES256" && jwk.crv !== "P-256") || (alg === "EdDSA" && jwk.crv !== "Ed25519")) return undefined;
  try {
    const key = createPublicKey({ key: jwk, format: "jwk" });
    const bits = key.asymmetricKeyDetails?.modulusLength ?? minRsaBits;
    if (bits < minRsaBits || bits > maxRsaBits) return undefined;
    return { kid: typeof jwk.kid === "string" ? jwk.kid : null, alg, key };
  } catch {
    return undefined;
  }
}

export function verificationKeys(jwks: readonly Jwk[]): readonly VerificationKey[] {
  return jwks.map(verificationKey).filter((key) => key !== undefined);
}

/** Whether one of `keys` signed it. A `kid` only chooses among keys that are held already. */
export function signedByOneOf(jws: Jws, keys: readonly VerificationKey[]): boolean {
  const { kid } = jws.header;
  return keys
    .filter((one) => one.alg === jws.alg && (kid === undefined || one.kid === kid))
    .slice(0, 8)
    .some(({ key, alg }) => {
      const rule = algorithms[alg];
      try {
        return verify(rule.hash, jws.signed, rule.ecdsa ? { key, dsaEncoding: "ieee-p1363" } : key, jws.signature);
      } catch {
        return false;
      }
    });
}

/** RFC 7638: base64url SHA-256 over the required members in order; undefined for a key of another type. */
export function thumbprint(jwk: Jwk): string | undefined {
  const { kty, crv, x, y, n, e } = jwk;
  const required =
    kty === "EC" ? { crv, kty, x, y } : kty === "OKP" ? { crv, kty, x } : kty === "RSA" ? { e, kty, n } : undefined;
  if (required === undefined || Object.values(required).some((value) => typeof value !== "string")) return undefined;
  return hash("sha256", JSON.stringify(required), "base64url");
}
