import { createCipheriv, createDecipheriv } from "node:crypto";

/** What is stored for one sealed value: a key of its own, wrapped by the master key, and the value under that key. */
export interface Sealed {
  readonly wrappedKey: Uint8Array;
  readonly ciphertext: Uint8Array;
}

const nonceBytes = 12;
const tagBytes = 16;

/** AES-256-GCM as nonce, ciphertext, tag. `context` is authenticated: a row copied over another doesn't open. */
function encrypt(key: Uint8Array, plain: Uint8Array, context: string, random: (bytes: Uint8Array) => Uint8Array): Uint8Array {
  const nonce = random(new Uint8Array(nonceBytes));
  const cipher = createCipheriv("aes-256-gcm", key, nonce);
  cipher.setAAD(Buffer.from(context, "utf8"));
  return Buffer.concat([nonce, cipher.update(plain), cipher.final(), cipher.getAuthTag()]);
}

function decrypt(key: Uint8Array, sealed: Uint8Array, context: string): Buffer {
  const decipher = createDecipheriv("aes-256-gcm", key, sealed.subarray(0, nonceBytes));
  decipher.setAAD(Buffer.from(context, "utf8"));
  decipher.setAuthTag(sealed.subarray(sealed.length - tagBytes));
  return Buffer.concat([decipher.update(sealed.subarray(nonceBytes, sealed.length - tagBytes)), decipher.final()]);
}

/**
 * Envelope encryption under the master key. `context` names organization, secret and its hosts.
 * INVARIANT: hosts are part of the authenticated context, so a hand that widens the host list in the database gets a
 * value that no longer opens, not a value sent elsewhere (G8).
 */
export function sealValue(masterKey: Uint8Array, value: string, context: string, random: (bytes: Uint8Array) => Uint8Array): Sealed {
  const key = random(new Uint8Array(32));
  return {
    wrappedKey: encrypt(masterKey, key, `wrap:${context}`, random),
    ciphertext: encrypt(key, Buffer.from(value, "utf8"), `value:${context}`, random),
  };
}

/** @throws when key, context or bytes don't fit */
export function openValue(masterKey: Uint8Array, sealed: Sealed, context: string): string {
  const key = decrypt(masterKey, sealed.wrappedKey, `wrap:${context}`);
  return decrypt(key, sealed.ciphertext, `value:${context}`).toString("utf8");
}

/** @param hosts as stored, sorted */
export function secretContext(org: string, name: string, hosts: readonly string[]): string {
  return JSON.stringify(["mandate.secret/1", org, name, ...hosts]);
}
