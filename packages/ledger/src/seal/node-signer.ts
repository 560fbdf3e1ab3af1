import { createPrivateKey, createPublicKey, generateKeyPairSync, sign, verify } from "node:crypto";
import type { KeyObject } from "node:crypto";
import { utf8 } from "../encoding.ts";
import type { NoteSigner } from "../tlog/note.ts";
import { formatVerifierKey, keyIdOf, signatureTypes } from "../tlog/note.ts";

/** An Ed25519 key under a note key name. */
export interface NodeSigner extends NoteSigner {
  /** Verifier key line (signed-note vkey), no newline. */
  readonly vkey: string;
  /** 32 bytes. */
  readonly publicKey: Uint8Array;
  /** 64-byte Ed25519 signature of any bytes: journal batches, DSSE. */
  readonly signBytes: (message: Uint8Array) => Uint8Array;
  /** PKCS #8 PEM: a secret, to be stored sealed or with mode 0600. */
  readonly exportPem: () => string;
}

/** A fresh key. */
export function generateSigner(name: string): NodeSigner {
  return signerOf(name, generateKeyPairSync("ed25519").privateKey);
}

/** @param pem PKCS #8 PEM of an Ed25519 private key */
export function signerFromPem(name: string, pem: string): NodeSigner {
  return signerOf(name, createPrivateKey(pem));
}

function signerOf(name: string, privateKey: KeyObject): NodeSigner {
  const der = createPublicKey(privateKey).export({ format: "der", type: "spki" });
  const publicKey = Uint8Array.from(der.subarray(der.length - 32));
  const signBytes = (message: Uint8Array): Uint8Array => sign(null, message, privateKey);
  return {
    name,
    keyId: keyIdOf(name, signatureTypes.ed25519, publicKey),
    vkey: formatVerifierKey(name, publicKey),
    publicKey,
    sign: (text) => signBytes(utf8(text)),
    signBytes,
    exportPem: () => privateKey.export({ format: "pem", type: "pkcs8" }).toString(),
  };
}

/** @param publicKey 32 bytes */
export function verifyEd25519(publicKey: Uint8Array, message: Uint8Array, signature: Uint8Array): boolean {
  if (publicKey.length !== 32 || signature.length !== 64) return false;
  const der = Buffer.concat([Buffer.from("302a300506032b6570032100", "hex"), publicKey]);
  return verify(null, message, createPublicKey({ key: der, format: "der", type: "spki" }), signature);
}
