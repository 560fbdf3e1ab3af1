import { hash } from "node:crypto";
import { type Jwk, jwsAlgorithms, leewaySeconds, readJws, signedByOneOf, thumbprint, verificationKey } from "./jws.ts";

/** A proof is for now: older than this it may have been kept for later. */
const proofAgeSeconds = 60;
const maxProofLength = 4_096;
const maxSpent = 200_000;

export const dpopAlgorithms = jwsAlgorithms.join(" ");

export interface ProofExpectation {
  readonly method: string;
  /** Addresses, without query, that stand for this request. */
  readonly urls: readonly string[];
  readonly nowSeconds: number;
  /** The access token that the proof comes with; null at the token endpoint, where there is none yet. */
  readonly accessToken: string | null;
}

export type ProofResult = { readonly jkt: string } | { readonly why: string; readonly full?: true };

/**
 * Proofs that were used (RFC 9449 §11.1), kept as long as they could be used again. Bounded: when it is full of proofs
 * that still count, the next is refused, never believed.
 */
export class ProofBook {
  readonly #spent = new Map<string, number>();
  readonly #max: number;

  constructor(max = maxSpent) {
    this.#max = max;
  }

  spend(jkt: string, jti: string, nowSeconds: number): "fresh" | "seen" | "full" {
    const id = hash("sha256", `${jkt}\n${jti}`, "base64url");
    const until = this.#spent.get(id);
    if (until !== undefined && until > nowSeconds) return "seen";
    if (this.#spent.size >= this.#max) this.#forget(nowSeconds);
    if (this.#spent.size >= this.#max) return "full";
    this.#spent.delete(id);
    this.#spent.set(id, nowSeconds + proofAgeSeconds + 2 * leewaySeconds);
    return "fresh";
  }

  /** Entries stand in the order of their end, so the first that still counts ends the search. */
  #forget(nowSeconds: number): void {
    for (const [id, until] of this.#spent) {
      if (until > nowSeconds) return;
      this.#spent.delete(id);
    }
  }
}

/** RFC 9449 §4.3. The proof says that the caller holds a key, and which; whether it is the right one is the caller's to ask. */
export function verifyProof(proof: string | undefined, expected: ProofExpectation, book: ProofBook): ProofResult {
  // Node joins repeated headers with a comma, which is no character of a JWS: two proofs are none.
  const jws = proof === undefined ? undefined : readJws(proof, maxProofLength);
  if (jws === undefined) return { why: "the DPoP header holds no proof that can be read" };
  const { header, claims } = jws;
  if (header.typ !== "dpop+jwt") return { why: "the DPoP header holds another kind of token" };
  const jwk = header.jwk;
  if (typeof jwk !== "object" || jwk === null || Array.isArray(jwk)) return { why: "the proof names no key" };
  const key = verificationKey(jwk as Jwk);
  const jkt = thumbprint(jwk as Jwk);
  // The kid of a proof chooses nothing: its only key is the one inside.
  if (key === undefined || jkt === undefined || !signedByOneOf({ ...jws, header: {} }, [key]))
    return { why: "the proof's signature does not hold" };
  if (claims.htm !== expected.method) return { why: "the proof is for another method" };
  const htu = typeof claims.htu === "string" ? plainUrl(claims.htu) : undefined;
  if (htu === undefined || !expected.urls.some((url) => plainUrl(url) === htu))
    return { why: "the proof is for another address" };
  const { iat, jti } = claims;
  if (
    typeof iat !== "number" ||
    iat > expected.nowSeconds + leewaySeconds ||
    iat < expected.nowSeconds - proofAgeSeconds - leewaySeconds
  )
    return { why: "the proof was not made now" };
  if (expected.accessToken !== null && claims.ath !== hash("sha256", expected.accessToken, "base64url"))
    return { why: "the proof is for another token" };
  if (typeof jti !== "string" || jti === "" || jti.length > 256) return { why: "the proof has no id" };
  const spent = book.spend(jkt, jti, expected.nowSeconds);
  if (spent === "full") return { why: "too many proofs were used in the last minute", full: true };
  return spent === "fresh" ? { jkt } : { why: "the proof was used before" };
}

/** Without query and fragment, as the standard compares addresses; undefined when it isn't one. */
function plainUrl(text: string): string | undefined {
  if (text.length > 2_048 || !URL.canParse(text)) return undefined;
  const url = new URL(text);
  return `${url.origin}${url.pathname}`;
}
