import { createDecipheriv, createHash, createHmac, createPublicKey, hash, verify } from "node:crypto";
import { pipeline, Readable } from "node:stream";
import { constants, crc32 as zlibCrc32, createInflateRaw, deflateRawSync, inflateRawSync } from "node:zlib";
import type { CryptoProvider, Hasher } from "./provider.ts";

// One-shot `hash` to a string and back is twice as fast as any call that returns a Buffer (measured on Node 24).
function digest(data: Uint8Array): string {
  return hash("sha256", data, "binary");
}

export function sha256(data: Uint8Array): Uint8Array {
  const text = digest(data);
  const out = new Uint8Array(32);
  for (let i = 0; i < 32; i++) out[i] = text.charCodeAt(i);
  return out;
}

export function sha256Hex(data: Uint8Array): string {
  return hash("sha256", data, "hex");
}

export function sha256Into(data: Uint8Array, out: Uint8Array, offset: number): void {
  const text = digest(data);
  for (let i = 0; i < 32; i++) out[offset + i] = text.charCodeAt(i);
}

export function hmacSha256(key: Uint8Array, data: Uint8Array): Uint8Array {
  return createHmac("sha256", key).update(data).digest();
}

/** DER of an Ed25519 SubjectPublicKeyInfo up to the key itself (RFC 8410 §4). */
const spkiPrefix = Buffer.from("302a300506032b6570032100", "hex");

export function ed25519Verifier(publicKey: Uint8Array): (message: Uint8Array, signature: Uint8Array) => boolean {
  if (publicKey.length !== 32) return () => false;
  const key = createPublicKey({ key: Buffer.concat([spkiPrefix, publicKey]), format: "der", type: "spki" });
  return (message, signature) => signature.length === 64 && verify(null, message, key, signature);
}

export function verifySpki(spki: Uint8Array, message: Uint8Array, signature: Uint8Array): boolean {
  try {
    const key = createPublicKey({ key: Buffer.from(spki), format: "der", type: "spki" });
    const details = key.asymmetricKeyDetails;
    if (key.asymmetricKeyType === "ed25519") return signature.length === 64 && verify(null, message, key, signature);
    if (key.asymmetricKeyType === "ec" && details?.namedCurve === "prime256v1") {
      return verify("sha256", message, { key, dsaEncoding: "der" }, signature);
    }
    if (key.asymmetricKeyType === "rsa" && (details?.modulusLength ?? 0) >= 2048) {
      return verify("sha256", message, key, signature);
    }
    return false;
  } catch {
    return false;
  }
}

export function aes256GcmOpen(key: Uint8Array, nonce: Uint8Array, sealed: Uint8Array): Uint8Array | undefined {
  if (key.length !== 32 || nonce.length !== 12 || sealed.length < 16) return undefined;
  const decipher = createDecipheriv("aes-256-gcm", key, nonce, { authTagLength: 16 });
  decipher.setAuthTag(sealed.subarray(sealed.length - 16));
  try {
    const head = decipher.update(sealed.subarray(0, sealed.length - 16));
    decipher.final();
    return head;
  } catch {
    return undefined;
  }
}

export function inflateRaw(data: Uint8Array, size: number): Uint8Array | undefined {
  try {
    const out = inflateRawSync(data, { maxOutputLength: Math.max(1, size), finishFlush: constants.Z_FINISH });
    return out.length === size ? out : undefined;
  } catch {
    return undefined;
  }
}

export function deflateRaw(data: Uint8Array): Uint8Array {
  return deflateRawSync(data, { level: 6 });
}

export async function* inflateChunks(chunks: Iterable<Uint8Array>): AsyncIterable<Uint8Array> {
  const inflater = createInflateRaw({ chunkSize: 256 * 1024 });
  // The error, if any, is the iteration's.
  pipeline(Readable.from(chunks), inflater, () => undefined);
  for await (const part of inflater) yield part as Uint8Array;
}

export function deflatePart(data: Uint8Array, isLast: boolean): Uint8Array {
  // A sync flush ends on a byte's edge without ending the stream, so parts made apart can follow each other.
  return deflateRawSync(data, { level: 6, finishFlush: isLast ? constants.Z_FINISH : constants.Z_SYNC_FLUSH });
}

export function crc32(data: Uint8Array, before = 0): number {
  return zlibCrc32(data, before);
}

export function hasher(): Hasher {
  const running = createHash("sha256");
  return { update: (data) => void running.update(data), hex: () => running.digest("hex") };
}

({
  sha256,
  sha256Hex,
  sha256Into,
  hmacSha256,
  ed25519Verifier,
  verifySpki,
  aes256GcmOpen,
  inflateRaw,
  inflateChunks,
  deflateRaw,
  deflatePart,
  crc32,
  hasher,
}) satisfies CryptoProvider;
