import { ed25519 } from "@noble/curves/ed25519.js";
import { hmac } from "@noble/hashes/hmac.js";
import { sha256 as nobleSha256 } from "@noble/hashes/sha2.js";
import { deflateSync, inflateSync } from "fflate";
import { toHex } from "../encoding.ts";
import type { CryptoProvider } from "./provider.ts";

export function sha256(data: Uint8Array): Uint8Array {
  return nobleSha256(data);
}

export function sha256Hex(data: Uint8Array): string {
  return toHex(nobleSha256(data));
}

export function sha256Into(data: Uint8Array, out: Uint8Array, offset: number): void {
  out.set(nobleSha256(data), offset);
}

export function hmacSha256(key: Uint8Array, data: Uint8Array): Uint8Array {
  return hmac(nobleSha256, key, data);
}

export function ed25519Verifier(publicKey: Uint8Array): (message: Uint8Array, signature: Uint8Array) => boolean {
  return (message, signature) => {
    try {
      // `zip215: false`: the lenient rules accept encodings that Node and Go refuse, and verifiers must agree.
      return ed25519.verify(signature, message, publicKey, { zip215: false });
    } catch {
      return false;
    }
  };
}

export async function aes256GcmOpen(
  key: Uint8Array,
  nonce: Uint8Array,
  sealed: Uint8Array,
): Promise<Uint8Array | undefined> {
  if (key.length !== 32 || nonce.length !== 12 || sealed.length < 16) return undefined;
  try {
    const imported = await crypto.subtle.importKey("raw", Uint8Array.from(key), "AES-GCM", false, ["decrypt"]);
    const plain = await crypto.subtle.decrypt(
      { name: "AES-GCM", iv: Uint8Array.from(nonce) },
      imported,
      Uint8Array.from(sealed),
    );
    return new Uint8Array(plain);
  } catch {
    return undefined;
  }
}

export function inflateRaw(data: Uint8Array, size: number): Uint8Array | undefined {
  try {
    // One byte of room beyond `size` shows a stream that holds more than its directory entry says.
    const out = inflateSync(data, { out: new Uint8Array(size + 1) });
    return out.length === size ? out : undefined;
  } catch {
    return undefined;
  }
}

export function deflateRaw(data: Uint8Array): Uint8Array {
  return deflateSync(data, { level: 6 });
}

const crcTable = new Uint32Array(256);
for (let n = 0; n < 256; n++) {
  let c = n;
  for (let k = 0; k < 8; k++) c = c & 1 ? 0xedb88320 ^ (c >>> 1) : c >>> 1;
  crcTable[n] = c >>> 0;
}

export function crc32(data: Uint8Array): number {
  let crc = 0xffffffff;
  for (const byte of data) crc = crcTable[(crc ^ byte) & 255]! ^ (crc >>> 8);
  return (crc ^ 0xffffffff) >>> 0;
}

({
  sha256,
  sha256Hex,
  sha256Into,
  hmacSha256,
  ed25519Verifier,
  aes256GcmOpen,
  inflateRaw,
  deflateRaw,
  crc32,
}) satisfies CryptoProvider;
