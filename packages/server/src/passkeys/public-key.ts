import { createPublicKey } from "node:crypto";
import type { JsonWebKey, KeyObject } from "node:crypto";
import { cose, decodeCredentialPublicKey } from "@simplewebauthn/server/helpers";

/** COSE algorithms we accept: what Node and any verifier of today checks. -8 EdDSA, -7 ES256, -257 RS256. */
export const acceptedAlgorithms = [-8, -7, -257] as const;

/**
 * The same public key as SubjectPublicKeyInfo (DER), which offline verifiers read with any library.
 * @param bytes COSE_Key (RFC 9052 §7) as the authenticator sent it
 */
export function spkiOf(bytes: Uint8Array<ArrayBuffer>): Buffer {
  return keyOf(bytes).export({ type: "spki", format: "der" });
}

function keyOf(bytes: Uint8Array<ArrayBuffer>): KeyObject {
  const key = decodeCredentialPublicKey(bytes);
  const jwk = (members: JsonWebKey): KeyObject => createPublicKey({ key: members, format: "jwk" });
  if (cose.isCOSEPublicKeyEC2(key) && key.get(cose.COSEKEYS.crv) === 1) return jwk({ kty: "EC", crv: "P-256", x: text(key.get(cose.COSEKEYS.x)), y: text(key.get(cose.COSEKEYS.y)) });
  if (cose.isCOSEPublicKeyOKP(key) && key.get(cose.COSEKEYS.crv) === 6) return jwk({ kty: "OKP", crv: "Ed25519", x: text(key.get(cose.COSEKEYS.x)) });
  if (cose.isCOSEPublicKeyRSA(key)) return jwk({ kty: "RSA", n: text(key.get(cose.COSEKEYS.n)), e: text(key.get(cose.COSEKEYS.e)) });
  throw new Error("public key is of a kind that isn't accepted");
}

function text(bytes: Uint8Array | undefined): string {
  if (bytes === undefined) throw new Error("public key lacks a member");
  return Buffer.from(bytes).toString("base64url");
}
